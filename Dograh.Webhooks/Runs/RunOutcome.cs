namespace Dograh.Webhooks.Runs;

/// <summary>The answer to a completion.</summary>
/// <param name="Id">The run's id.</param>
/// <param name="Status">The run's state; always <see cref="RunStatus.Completed"/>.</param>
/// <param name="Deliveries">What became of each webhook node.</param>
public sealed record RunOutcome(long Id, string Status, IReadOnlyList<NodeOutcome> Deliveries);

/// <summary>What became of one webhook node.</summary>
/// <param name="WebhookNodeId">The node's id.</param>
/// <param name="WebhookName">The node's name.</param>
/// <param name="DeliveryId">The delivery's public id; null if there is none.</param>
/// <param name="Outcome">One of the constants here.</param>
/// <param name="Reason">Why there is no delivery; null if there is one.</param>
/// <param name="DroppedHeaders">The names of headers that look secret and were dropped.</param>
public sealed record NodeOutcome(
    string WebhookNodeId, string WebhookName, Guid? DeliveryId, string Outcome, string? Reason, IReadOnlyList<string> DroppedHeaders)
{
    /// <summary>The delivery was made by this completion.</summary>
    public const string Created = "created";

    /// <summary>The delivery was there before.</summary>
    public const string Existing = "existing";

    /// <summary>The node is disabled.</summary>
    public const string Skipped = "skipped";

    /// <summary>The node cannot be sent for this run.</summary>
    public const string Invalid = "invalid";
}
