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

    /// <summary>How many requests a minute one API key may make of one API; so many at once, and then one after another at that pace.</summary>
    /// <value>Default 0: as many as it likes.</value>
    public int RequestsPerMinutePerKey { get; set; }

    /// <summary>How many keys that do not work one client address (of IPv6 a /64) may try in a minute. Then such keys are answered 429, without being looked up.</summary>
    /// <value>Default 100; 0: as many as it likes.</value>
    /// <remarks>Keys that have worked in this process, and the operator's, are not affected. Behind a proxy that is not believed (forwarded headers) all are one address.</remarks>
    public int FailedLoginsPerMinutePerAddress { get; set; } = 100;

    /// <summary>How long an API that is asked to stop serves on while <c>/health</c> says so, in seconds. 0–3,600.</summary>
    /// <value>Default 5 s.</value>
    /// <remarks>Longer than a load balancer needs to learn of it; too short: it still sends requests to a port that is closed.</remarks>
    public double DrainSeconds { get; set; } = 5;
}
