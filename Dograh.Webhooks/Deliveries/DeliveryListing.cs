namespace Dograh.Webhooks.Deliveries;

/// <summary>What the lists look for in a delivery and what never changes of it: a narrow row beside the delivery's own, with the lists' indexes.</summary>
/// <remarks>
/// Written by the statement that stores the delivery and never again. An index on the delivery itself would be written with every one of
/// its changes (ADR 10).
/// </remarks>
public sealed class DeliveryListing
{
    /// <summary>The organization that owns it.</summary>
    public long OrganizationId { get; set; }

    /// <summary>The delivery's id.</summary>
    public long Id { get; set; }

    /// <summary>When the delivery was created; with the id, a page's key.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>The run's workflow.</summary>
    public long WorkflowId { get; set; }

    /// <summary>The webhook node that produced it.</summary>
    public required string WebhookNodeId { get; set; }

    /// <summary>The URL's host without its port, in lower case.</summary>
    public required string EndpointHost { get; set; }
}
