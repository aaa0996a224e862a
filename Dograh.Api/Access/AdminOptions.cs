namespace Dograh.Api.Access;

/// <summary>The operator's access; section <c>Admin</c>.</summary>
internal sealed class AdminOptions
{
    public const string SectionName = "Admin";

    /// <summary>The operator's key.</summary>
    /// <value>None: the paths that need it are off.</value>
    public string? ApiKey { get; set; }
}
