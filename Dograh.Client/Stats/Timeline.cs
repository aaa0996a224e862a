namespace Dograh.Client;

/// <summary>Figures by time.</summary>
/// <param name="Window">The window.</param>
/// <param name="Until">Up to when they are.</param>
/// <param name="BucketSeconds">How long a bucket is.</param>
/// <param name="Backlog">What waits and is parked now.</param>
/// <param name="Buckets">In order of time, without gaps; the last one is not over.</param>
public sealed record Timeline(string Window, DateTimeOffset Until, int BucketSeconds, Backlog Backlog, IReadOnlyList<TimelineBucket> Buckets);

/// <summary>What happened within a span of time.</summary>
/// <param name="Start">When it began.</param>
/// <param name="Deliveries">The deliveries that were created then, by what has become of them.</param>
/// <param name="Attempts">The attempts that began then.</param>
/// <param name="FailedAttempts">Those of them that were not answered 2xx.</param>
/// <param name="SuccessRate">0 to 1; null without an attempt.</param>
/// <param name="TimeToDeliverMs">Of the deliveries that have succeeded, from creation to the receiver's acceptance.</param>
public sealed record TimelineBucket(DateTimeOffset Start, DeliveryCounts Deliveries, long Attempts, long FailedAttempts, double? SuccessRate, Percentiles TimeToDeliverMs);

/// <summary>What an organization has waiting and parked.</summary>
/// <param name="Pending">Deliveries that are pending, whenever they are due.</param>
/// <param name="Due">Those of them that are due, and that no worker has.</param>
/// <param name="OldestDueAgeSeconds">For how long the first of these has been due; 0 if none is.</param>
/// <param name="DeadLetters">Dead letters, whenever they were created.</param>
public sealed record Backlog(long Pending, long Due, double OldestDueAgeSeconds, long DeadLetters);
