using Npgsql;

namespace Dograh.Webhooks.Quotas;

/// <summary>What an organization is allowed: its operator's word, or else the settings'. Of each 0 is as much as it likes.</summary>
/// <param name="DeliveriesPerMinute">Deliveries that are created in any minute.</param>
/// <param name="PendingDeliveries">Deliveries that are pending at a time.</param>
/// <param name="PayloadBytes">Bytes of a delivery's payload.</param>
/// <param name="WebhookNodes">Webhook nodes of a workflow.</param>
public readonly record struct QuotaLimits(int DeliveriesPerMinute, int PendingDeliveries, int PayloadBytes, int WebhookNodes)
{
    /// <summary>Puts the two together.</summary>
    /// <param name="own">What the operator has set; null for nothing.</param>
    /// <param name="defaults">The settings.</param>
    public static QuotaLimits Of(OrganizationQuotas? own, QuotaOptions defaults) => new(
        own?.DeliveriesPerMinute ?? defaults.DeliveriesPerMinute, own?.PendingDeliveries ?? defaults.PendingDeliveries, own?.PayloadBytes ?? defaults.PayloadBytes,
        own?.WebhookNodes ?? defaults.WebhookNodes);

    /// <summary>What the operator has set, as a statement's columns <c>deliveries_per_minute, pending_deliveries, payload_bytes</c> say it.</summary>
    internal static OrganizationQuotas ReadOwn(NpgsqlDataReader reader, int ordinal) => new()
    {
        DeliveriesPerMinute = Read(reader, ordinal),
        PendingDeliveries = Read(reader, ordinal + 1),
        PayloadBytes = Read(reader, ordinal + 2),
    };

    private static int? Read(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetInt32(ordinal);
}
