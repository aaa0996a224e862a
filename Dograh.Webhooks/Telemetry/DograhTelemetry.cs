using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Dograh.Webhooks.Telemetry;

/// <summary>Every source, instrument and tag of ours, by name; <c>docs/telemetry.md</c> is their table.</summary>
/// <remarks>Tags of instruments are small sets. Ids go to spans and logs; URLs with their paths, header values, payloads and keys go nowhere.</remarks>
public static class DograhTelemetry
{
    /// <summary>The name of both the activity source and the meter.</summary>
    public const string Name = "Dograh.Webhooks";

    /// <summary>The tag with a delivery's uuid (on <c>complete_run</c> and <c>schedule</c>: all of them).</summary>
    public const string DeliveryId = "dograh.delivery.id";

    /// <summary>The tag with the organization's id.</summary>
    public const string OrganizationId = "dograh.organization.id";

    /// <summary>The tag with the run's id.</summary>
    public const string WorkflowRunId = "dograh.workflow_run.id";

    /// <summary>The tag with the attempt's number.</summary>
    public const string Attempt = "dograh.attempt";

    /// <summary>The tag of <c>dograh.circuits.open</c> with a receiver's origin, such as <c>https://crm.example:8443</c>.</summary>
    public const string ReceiverOrigin = "dograh.receiver.origin";

    private const int TraceParentLength = 55;
    private const int TraceIdAt = 3;
    private const int TraceIdLength = 32;
    private const int SpanIdAt = 36;
    private const int SpanIdLength = 16;

    /// <summary>Our spans.</summary>
    public static readonly ActivitySource Source = new(Name);

    /// <summary>Our instruments.</summary>
    public static readonly Meter Meter = new(Name);

    /// <summary>Deliveries stored.</summary>
    public static readonly Counter<long> Created = Meter.CreateCounter<long>("dograh.deliveries.created", "{delivery}");

    /// <summary>Deliveries that a receiver accepted.</summary>
    public static readonly Counter<long> Succeeded = Meter.CreateCounter<long>("dograh.deliveries.succeeded", "{delivery}");

    /// <summary>Failed attempts that another will follow.</summary>
    public static readonly Counter<long> Retried = Meter.CreateCounter<long>("dograh.deliveries.retried", "{delivery}");

    /// <summary>Deliveries parked.</summary>
    public static readonly Counter<long> DeadLettered = Meter.CreateCounter<long>("dograh.deliveries.dead_lettered", "{delivery}");

    /// <summary>Deliveries put off without an attempt; tag <c>reason</c>.</summary>
    public static readonly Counter<long> Deferred = Meter.CreateCounter<long>("dograh.deliveries.deferred", "{delivery}");

    /// <summary>Outcomes that could not be recorded because the claim was no longer the worker's.</summary>
    public static readonly Counter<long> ClaimsLost = Meter.CreateCounter<long>("dograh.claims.lost", "{claim}");

    /// <summary>Keys that the sweep had to put back into the queue.</summary>
    public static readonly Counter<long> SweepRescheduled = Meter.CreateCounter<long>("dograh.sweep.rescheduled", "{delivery}");

    /// <summary>Rows that were older than they are kept; tag <c>what</c>: <c>delivery</c>, <c>payload</c> or <c>run</c>.</summary>
    public static readonly Counter<long> RetentionRemoved = Meter.CreateCounter<long>("dograh.retention.removed", "{row}");

    /// <summary>Requests to token endpoints; tag <c>outcome</c>: <c>fetched</c>, <c>refused</c> or <c>unavailable</c>.</summary>
    public static readonly Counter<long> TokensFetched = Meter.CreateCounter<long>("dograh.oauth.token_requests", "{request}");

    /// <summary>How long an attempt took; tags <c>outcome</c>, and <c>error.type</c> where it failed.</summary>
    public static readonly Histogram<double> AttemptDuration = Meter.CreateHistogram<double>(
        "dograh.attempt.duration", "s", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
        });

    /// <summary>From a delivery's creation to its success.</summary>
    public static readonly Histogram<double> DeliveryLatency = Meter.CreateHistogram<double>(
        "dograh.delivery.latency", "s", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60, 300, 900, 3600, 14400, 86400],
        });

    /// <summary>The context of the current span as a delivery stores it: a W3C <c>traceparent</c>.</summary>
    public static string? CurrentTraceParent => Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity ? activity.Id : null;

    /// <summary>The trace id within a stored <c>traceparent</c>; null if there is none.</summary>
    public static string? TraceIdOf(string? traceParent) => IsTraceParent(traceParent) ? traceParent.Substring(TraceIdAt, TraceIdLength) : null;

    /// <summary>A <c>traceparent</c> of the same trace as a stored one, from a span of its own that nobody records; null if there is none.</summary>
    public static string? NewSpanOf(string? traceParent) => !IsTraceParent(traceParent) ? null : string.Create(
        TraceParentLength, (Stored: traceParent, Span: Random.Shared.NextInt64(1, long.MaxValue)), static (text, source) =>
        {
            source.Stored.CopyTo(text);
            source.Span.TryFormat(text.Slice(SpanIdAt, SpanIdLength), out _, "x16", CultureInfo.InvariantCulture);
        });

    // 00-<trace id, 32 hex digits>-<span id, 16>-<flags, 2>: what an activity of ours has written.
    private static bool IsTraceParent([NotNullWhen(true)] string? text) =>
        text is { Length: TraceParentLength } && text[TraceIdAt - 1] == '-' && text[SpanIdAt - 1] == '-' && text[SpanIdAt + SpanIdLength] == '-';
}
