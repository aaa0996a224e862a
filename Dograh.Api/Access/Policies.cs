namespace Dograh.Api.Access;

/// <summary>Who may call what.</summary>
internal static class Policies
{
    /// <summary>An organization's key, or the operator's acting for one.</summary>
    public const string Organization = "organization";

    /// <summary>The operator's key.</summary>
    public const string Admin = "admin";

    /// <summary>Any key that works, an organization's or the operator's.</summary>
    public const string AnyKey = "any_key";

    /// <summary>The claim that holds an organization's id.</summary>
    public const string OrganizationClaim = "organization_id";
}
