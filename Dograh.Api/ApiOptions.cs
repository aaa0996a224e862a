namespace Dograh.Api;

/// <summary>Settings of the API alone; section <c>Api</c>.</summary>
internal sealed class ApiOptions
{
    public const string SectionName = "Api";

    /// <summary>The largest body that is taken, in bytes.</summary>
    /// <value>Default 1 MiB.</value>
    public long MaxBodyBytes { get; set; } = 1024 * 1024;
}
