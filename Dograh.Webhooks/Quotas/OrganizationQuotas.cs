namespace Dograh.Webhooks.Quotas;

/// <summary>What the operator allows one organization, in place of the settings' defaults.</summary>
/// <remarks>Of each: null for the default, 0 for as much as it likes.</remarks>
public sealed class OrganizationQuotas
{
    /// <summary>The organization.</summary>
    public long OrganizationId { get; set; }

    /// <summary>Deliveries that are created in any minute.</summary>
    public int? DeliveriesPerMinute { get; set; }

    /// <summary>Deliveries that are pending at a time.</summary>
    public int? PendingDeliveries { get; set; }

    /// <summary>Bytes of a delivery's payload.</summary>
    public int? PayloadBytes { get; set; }

    /// <summary>Webhook nodes of a workflow.</summary>
    public int? WebhookNodes { get; set; }

    /// <summary>When they were last set.</summary>
    public DateTimeOffset UpdatedAt { get; set; }
}
