namespace Dograh.Client;

/// <summary>The figures of a window.</summary>
/// <param name="Window">The window.</param>
/// <param name="Deliveries">Its deliveries by state.</param>
/// <param name="Attempts">How many attempts were made.</param>
/// <param name="SuccessRate">0 to 1; null where there is nothing to tell of.</param>
/// <param name="AttemptDurationMs">How long attempts took.</param>
/// <param name="TimeToDeliverMs">How long it took from creation to the receiver's acceptance.</param>
/// <param name="OldestDueAgeSeconds">How long the oldest delivery that is due waits; 0 if none does.</param>
/// <param name="Endpoints">The receivers, busiest first; the slowest and those that fail most are among them.</param>
public sealed record DeliveryStats(
    string Window, DeliveryCounts Deliveries, long Attempts, double? SuccessRate, Percentiles AttemptDurationMs, Percentiles TimeToDeliverMs,
    double OldestDueAgeSeconds, IReadOnlyList<EndpointStats> Endpoints);

/// <summary>Deliveries by state.</summary>
public sealed record DeliveryCounts(long Pending, long Succeeded, long DeadLetter, long Cancelled);

/// <summary>Percentiles, in milliseconds; null where nothing was measured.</summary>
public sealed record Percentiles(double? P50, double? P95, double? P99);

/// <summary>The figures of one receiver.</summary>
/// <param name="Host">Its host.</param>
/// <param name="Deliveries">How many deliveries it had.</param>
/// <param name="SuccessRate">0 to 1.</param>
/// <param name="P95Ms">How long 95 of 100 attempts took at most.</param>
/// <param name="Circuit">The state of its circuit: <c>closed</c>, <c>open</c>, …</param>
/// <param name="FailedAttempts">How many attempts were not answered 2xx.</param>
public sealed record EndpointStats(string Host, long Deliveries, double? SuccessRate, double? P95Ms, string Circuit, long FailedAttempts);
