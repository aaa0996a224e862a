namespace Dograh.Webhooks.Deliveries;

/// <summary>A delivery as its claimant holds it: all that an attempt needs.</summary>
public sealed record ClaimedDelivery
{
    /// <summary>The row's key.</summary>
    public required DeliveryKey Key { get; init; }

    /// <summary>The claim's fencing token: what only this claim may present when it records.</summary>
    public required long Token { get; init; }

    /// <summary>The public id.</summary>
    public required Guid DeliveryUuid { get; init; }

    /// <summary>The run's id.</summary>
    public required long WorkflowRunId { get; init; }

    /// <summary>The run's workflow.</summary>
    public required long WorkflowId { get; init; }

    /// <summary>The webhook node that it is of.</summary>
    public required string WebhookNodeId { get; init; }

    /// <summary>The rendered URL.</summary>
    public required string EndpointUrl { get; init; }

    /// <summary>The method, in upper case.</summary>
    public required string HttpMethod { get; init; }

    /// <summary>The exact bytes of the body, as the database has them: from its row to the socket nothing parses or writes them again.</summary>
    public required byte[] Payload { get; init; }

    /// <summary>JSON array of <c>{"key","value"}</c>.</summary>
    public required string CustomHeaders { get; init; }

    /// <summary>The credential to resolve.</summary>
    public required Guid? CredentialUuid { get; init; }

    /// <summary>The attempts recorded so far.</summary>
    public required int AttemptCount { get; init; }

    /// <summary>The attempts allowed.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>The first backoff, in seconds.</summary>
    public required double BaseDelaySeconds { get; init; }

    /// <summary>The longest backoff, in seconds.</summary>
    public required double MaxDelaySeconds { get; init; }

    /// <summary>The attempt's total deadline.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>When the lease ends, by the database's clock.</summary>
    public required DateTimeOffset LeaseUntil { get; init; }

    /// <summary>The trace context of the completing request.</summary>
    public required string? TraceParent { get; init; }

    /// <summary>When the delivery was created: latency is counted from here.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>What it is a test of, as its receiver is told (<c>credential.test</c>): no row is behind it. Null for a delivery.</summary>
    public string? Test { get; init; }

    /// <summary>The number of the attempt that this claim is for; the header <c>X-Dograh-Delivery-Attempt</c>.</summary>
    public int AttemptNumber => AttemptCount + 1;
}
