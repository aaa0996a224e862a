namespace Dograh.Api.Access;

/// <summary>Who may call what.</summary>
internal static class Policies
{
    /// <summary>An organization's key.</summary>
    public const string Organization = "organization";

    /// <summary>The operator's key.</summary>
    public const string Admin = "admin";

    /// <summary>The claim that holds an organization's id.</summary>
    public const string OrganizationClaim = "organization_id";
}
