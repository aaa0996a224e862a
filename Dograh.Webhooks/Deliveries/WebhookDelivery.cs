namespace Dograh.Webhooks.Deliveries;

/// <summary>One webhook that must arrive: the durable row, with its payload frozen.</summary>
public sealed class WebhookDelivery
{
    /// <summary>The longest <see cref="LastError"/>, in characters.</summary>
    public const int MaxErrorLength = 2000;

    /// <summary>The organization that owns it.</summary>
    public long OrganizationId { get; set; }

    /// <summary>The id, made by the database; used in keys and in the queue.</summary>
    public long Id { get; set; }

    /// <summary>The public id (UUIDv7): the receiver's dedupe key, the same at every attempt.</summary>
    public Guid DeliveryUuid { get; set; }

    /// <summary>The run that produced it.</summary>
    public long WorkflowRunId { get; set; }

    /// <summary>The run's workflow, repeated here for the list's filter.</summary>
    public long WorkflowId { get; set; }

    /// <summary>The webhook node that produced it; with the run it is unique.</summary>
    public required string WebhookNodeId { get; set; }

    /// <summary>The node's name.</summary>
    public required string WebhookName { get; set; }

    /// <summary>The rendered URL.</summary>
    public required string EndpointUrl { get; set; }

    /// <summary>The URL's host without its port, in lower case, for the list's filter and the statistics.</summary>
    public required string EndpointHost { get; set; }

    /// <summary>The method, in upper case.</summary>
    public required string HttpMethod { get; set; }

    /// <summary>The exact text of the body, sent as the same bytes at every attempt; null once retention has removed it, which it does of finished ones only.</summary>
    public required string? Payload { get; set; }

    /// <summary>JSON array of <c>{"key","value"}</c>, rendered; secret-looking headers are never here.</summary>
    public required string CustomHeaders { get; set; }

    /// <summary>The credential to resolve when sending.</summary>
    public Guid? CredentialUuid { get; set; }

    /// <summary>The state.</summary>
    public DeliveryStatus Status { get; set; }

    /// <summary>How many attempts have been recorded.</summary>
    public int AttemptCount { get; set; }

    /// <summary>How many attempts may be recorded; a replay raises it.</summary>
    public int MaxAttempts { get; set; }

    /// <summary>The number of attempts frozen when it was created: as many as each replay grants.</summary>
    public int AttemptsPerReplay { get; set; }

    /// <summary>The first backoff, in seconds.</summary>
    public double BaseDelaySeconds { get; set; }

    /// <summary>The longest backoff, in seconds.</summary>
    public double MaxDelaySeconds { get; set; }

    /// <summary>The total deadline of one attempt, in seconds.</summary>
    public double TimeoutSeconds { get; set; }

    /// <summary>How often it was claimed: the fencing token of the current claim.</summary>
    public long ClaimCount { get; set; }

    /// <summary>How many claims ended without a word from their worker since creation or the last replay.</summary>
    public int LostClaims { get; set; }

    /// <summary>The worker that holds the claim; null when nobody does.</summary>
    public string? LeasedBy { get; set; }

    /// <summary>When it is due; while leased, when the lease ends.</summary>
    public DateTimeOffset ScheduledFor { get; set; }

    /// <summary>The status code of the last answer.</summary>
    public int? LastStatusCode { get; set; }

    /// <summary>What went wrong last, redacted, at most <see cref="MaxErrorLength"/> characters.</summary>
    public string? LastError { get; set; }

    /// <summary>Why a deferred delivery waits; one of <see cref="WaitingReason"/>.</summary>
    public string? WaitingFor { get; set; }

    /// <summary>Whether the lists can find it. A build from before the listings stores what they cannot: the sweep lists that.</summary>
    public bool IsListed { get; set; }

    /// <summary>The W3C trace context of the request that completed the run.</summary>
    public string? TraceParent { get; set; }

    /// <summary>When it was created.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset UpdatedAt { get; set; }

    /// <summary>When a receiver's 2xx was recorded; null in every other state.</summary>
    public DateTimeOffset? DeliveredAt { get; set; }

    /// <summary>When it was last replayed (its new due time): deferring counts its age from here.</summary>
    public DateTimeOffset? ReplayedAt { get; set; }
}
