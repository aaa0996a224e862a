namespace Dograh.Client;

/// <summary>Quotas to set. Of each: null for the settings', 0 for none.</summary>
public sealed record QuotasRequest(int? DeliveriesPerMinute = null, int? PendingDeliveries = null, int? PayloadBytes = null, int? WebhookNodes = null);

/// <summary>An organization's quotas: what was set for it, null where the settings hold; and what holds.</summary>
public sealed record Quotas(int? DeliveriesPerMinute, int? PendingDeliveries, int? PayloadBytes, int? WebhookNodes, QuotaLimits Effective);

/// <summary>What holds for an organization; 0 where nothing does.</summary>
public sealed record QuotaLimits(int DeliveriesPerMinute, int PendingDeliveries, int PayloadBytes, int WebhookNodes);
