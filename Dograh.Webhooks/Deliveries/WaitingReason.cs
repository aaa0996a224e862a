namespace Dograh.Webhooks.Deliveries;

/// <summary>What a pending delivery waits for; the API's <c>waiting_for.reason</c>.</summary>
public static class WaitingReason
{
    /// <summary>Its first due time lies ahead.</summary>
    public const string Schedule = "schedule";

    /// <summary>The backoff after a failed attempt.</summary>
    public const string Retry = "retry";

    /// <summary>The receiver's circuit is open.</summary>
    public const string Circuit = "circuit";

    /// <summary>The receiver has as many requests under way as it may have.</summary>
    public const string Concurrency = "concurrency";

    /// <summary>The receiver asked for a pause (<c>Retry-After</c>).</summary>
    public const string Throttled = "throttled";

    /// <summary>Its credential has no access token just now: it is being fetched, or its token endpoint gives none.</summary>
    public const string Credential = "credential";

    /// <summary>It is due, and waits for a worker to take it or to finish with it.</summary>
    public const string Worker = "worker";
}
