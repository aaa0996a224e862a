namespace Dograh.Webhooks.Quotas;

/// <summary>What every organization is allowed that the operator has set nothing else for; section <c>Quotas</c>. 0 is as much as it likes.</summary>
public sealed class QuotaOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "Quotas";

    /// <summary>Deliveries that completions may create in any minute.</summary>
    /// <value>Default 0: as many as there are.</value>
    public int DeliveriesPerMinute { get; set; }

    /// <summary>Deliveries that may be pending as completions create more.</summary>
    /// <value>Default 0: as many as there are.</value>
    public int PendingDeliveries { get; set; }

    /// <summary>Bytes of a delivery's payload as it is rendered.</summary>
    /// <value>Default 0: as many as the API takes.</value>
    public int PayloadBytes { get; set; }

    /// <summary>Webhook nodes of a workflow that is saved.</summary>
    /// <value>Default 0: as many as the API takes.</value>
    public int WebhookNodes { get; set; }
}
