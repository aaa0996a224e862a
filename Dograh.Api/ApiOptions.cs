namespace Dograh.Api;

/// <summary>Settings of the API alone; section <c>Api</c>.</summary>
internal sealed class ApiOptions
{
    public const string SectionName = "Api";

    /// <summary>The largest body that is taken, in bytes.</summary>
    /// <value>Default 1 MiB.</value>
    public long MaxBodyBytes { get; set; } = 1024 * 1024;

    /// <summary>How long the bodies that are being worked on may be together, in bytes; small ones, up to 64 KiB, do not count. At least <see cref="MaxBodyBytes"/>.</summary>
    /// <value>Default 64 MiB.</value>
    public long MaxBodyBytesAtATime { get; set; } = 64 * 1024 * 1024;

    /// <summary>How many requests are served at a time.</summary>
    /// <value>Default 256.</value>
    public int MaxConcurrentRequests { get; set; } = 256;

    /// <summary>How many more may wait for their turn, unread; the rest are answered 503 at once.</summary>
    /// <value>Default 1024.</value>
    public int MaxWaitingRequests { get; set; } = 1024;

    /// <summary>How long an API that is asked to stop serves on while <c>/health</c> says so, in seconds. 0–3,600.</summary>
    /// <value>Default 5 s.</value>
    /// <remarks>Longer than a load balancer needs to learn of it; too short: it still sends requests to a port that is closed.</remarks>
    public double DrainSeconds { get; set; } = 5;
}
