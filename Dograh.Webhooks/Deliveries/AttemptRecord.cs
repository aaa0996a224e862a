namespace Dograh.Webhooks.Deliveries;

/// <summary>An attempt's outcome as it is recorded.</summary>
public sealed record AttemptRecord
{
    /// <summary>The delivery's key.</summary>
    public required DeliveryKey Key { get; init; }

    /// <summary>The claim's fencing token.</summary>
    public required long Token { get; init; }

    /// <summary>The state to go to.</summary>
    public required DeliveryStatus Status { get; init; }

    /// <summary>The wait before the next attempt, where the state stays pending.</summary>
    public double DelaySeconds { get; init; }

    /// <summary>The attempt to log; null where none was made (its own data was at fault), and then none is counted.</summary>
    public AttemptResult.Attempted? Attempt { get; init; }

    /// <summary>What goes into <c>last_error</c>.</summary>
    public string? Error { get; init; }

    /// <summary>The attempt's trace id.</summary>
    public string? TraceId { get; init; }
}
