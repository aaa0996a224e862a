namespace Dograh.Webhooks.Deliveries;

/// <summary>What came of holding a claim: one of a closed set, each with what must be recorded for it.</summary>
public abstract record AttemptResult
{
    private AttemptResult()
    {
    }

    /// <summary>A request was made. Whether it succeeded is <see cref="DeliveryTransitions"/>' to say.</summary>
    public sealed record Attempted : AttemptResult
    {
        /// <summary>The status code; null when there was no HTTP response.</summary>
        public int? StatusCode { get; init; }

        /// <summary>What went wrong; null after a 2xx. Already redacted.</summary>
        public string? Error { get; init; }

        /// <summary>True for a failure before any response that another try cannot mend (an address that egress does not allow).</summary>
        public bool IsPermanent { get; init; }

        /// <summary>True for an answer that another try may mend though its status says otherwise: a 401 to an access token that is renewed.</summary>
        public bool IsTransient { get; init; }

        /// <summary>What the receiver asked for with <c>Retry-After</c>.</summary>
        public TimeSpan? RetryAfter { get; init; }

        /// <summary>When the request began, by the database's clock.</summary>
        public DateTimeOffset StartedAt { get; init; }

        /// <summary>How long it took.</summary>
        public TimeSpan Duration { get; init; }

        /// <summary>JSON object of the response's headers, redacted.</summary>
        public string? ResponseHeaders { get; init; }

        /// <summary>The start of the response's body, redacted.</summary>
        public string? ResponseBody { get; init; }
    }

    /// <summary>Nothing could be sent, for a reason in the delivery itself that another try would meet again.</summary>
    /// <param name="Reason">What is at fault.</param>
    public sealed record Unsendable(string Reason) : AttemptResult;

    /// <summary>Nothing was sent because the receiver is not to be asked just now.</summary>
    /// <param name="WaitingFor">One of <see cref="WaitingReason"/>.</param>
    /// <param name="Delay">When to look again.</param>
    public sealed record Deferred(string WaitingFor, TimeSpan Delay) : AttemptResult
    {
        /// <summary>What its owner should know of it; null if the reason says it all. Already redacted.</summary>
        public string? Error { get; init; }
    }

    /// <summary>Nothing is known to have been sent, for a reason of our own; no attempt is counted.</summary>
    /// <param name="Delay">When to look again.</param>
    public sealed record Released(TimeSpan Delay) : AttemptResult;
}
