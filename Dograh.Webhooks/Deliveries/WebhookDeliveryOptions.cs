namespace Dograh.Webhooks.Deliveries;

/// <summary>How deliveries are attempted; section <c>WebhookDelivery</c>. Seconds may be fractions.</summary>
public sealed class WebhookDeliveryOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "WebhookDelivery";

    /// <summary>Attempts before a delivery becomes a dead letter. 1–20; a node's <c>retry_config</c> overrides it.</summary>
    /// <value>Default 5.</value>
    public int MaxAttempts { get; set; } = 5;

    /// <summary>The wait after the first failed attempt; it doubles with each further one. 0–86,400 s; a node may override it.</summary>
    /// <value>Default 30 s.</value>
    public double BaseDelaySeconds { get; set; } = 30;

    /// <summary>The longest wait between attempts. 0–86,400 s; a node may override it.</summary>
    /// <value>Default 600 s.</value>
    public double MaxDelaySeconds { get; set; } = 600;

    /// <summary>The total deadline of one attempt, from connecting to the last byte read. 1–60 s; a node may override it.</summary>
    /// <value>Default 30 s.</value>
    public double TimeoutSeconds { get; set; } = 30;

    /// <summary>How much longer than the attempt's deadline a claim lasts. At least 5 s.</summary>
    /// <value>Default 60 s.</value>
    /// <remarks>Too short: an outcome that is slow to be recorded is sent twice. Too long: a crash delays its deliveries by this much.</remarks>
    public double LeaseMarginSeconds { get; set; } = 60;

    /// <summary>The part of the backoff that is added at random, at most. 0–1; 0 turns it off.</summary>
    /// <value>Default 0.1.</value>
    public double JitterRatio { get; set; } = 0.1;

    /// <summary>How often the sweep looks for due deliveries that the queue has lost. 0.1–3,600 s.</summary>
    /// <value>Default 60 s.</value>
    public double SweepIntervalSeconds { get; set; } = 60;

    /// <summary>How long after its creation or last replay a delivery may still be deferred. At least 1 s.</summary>
    /// <value>Default 86,400 s (a day).</value>
    public double MaxAgeSeconds { get; set; } = 86_400;

    /// <summary>How many deliveries one worker sends at a time; twice as many may wait to be recorded. 1–10,000.</summary>
    /// <value>Default 256.</value>
    public int Concurrency { get; set; } = 256;

    /// <summary>How many requests one worker has under way to one origin. 1–10,000.</summary>
    /// <value>Default 64.</value>
    public int ConcurrencyPerOrigin { get; set; } = 64;

    /// <summary>The share of failures at which an origin's circuit opens. Above 0, at most 1.</summary>
    /// <value>Default 0.5.</value>
    public double CircuitFailureRatio { get; set; } = 0.5;

    /// <summary>The fewest attempts in the window from which a ratio is taken. At least 2.</summary>
    /// <value>Default 20.</value>
    public int CircuitMinimumAttempts { get; set; } = 20;

    /// <summary>The window over which the ratio is taken. 0.5–86,400 s.</summary>
    /// <value>Default 30 s.</value>
    public double CircuitWindowSeconds { get; set; } = 30;

    /// <summary>How long a circuit stays open before one attempt may probe the receiver. 0.5–86,400 s.</summary>
    /// <value>Default 30 s.</value>
    public double CircuitBreakSeconds { get; set; } = 30;

    /// <summary>How many deliveries a second a bulk replay makes due, for each organization. Above 0.</summary>
    /// <value>Default 200.</value>
    public double ReplayPerSecond { get; set; } = 200;

    /// <summary>How long a worker that is asked to stop may finish what it is sending. 0–3,600 s.</summary>
    /// <value>Default 30 s.</value>
    public double ShutdownGraceSeconds { get; set; } = 30;

    /// <summary>Into how many sorted sets the queue is split, by organization. 1–1,024; the same for the API and every worker.</summary>
    /// <value>Default 1.</value>
    public int QueueShards { get; set; } = 1;
}
