namespace Dograh.Client;

/// <summary>The quotas that hold for an organization.</summary>
/// <param name="DeliveriesPerMinute">Deliveries that are created in any minute.</param>
/// <param name="PendingDeliveries">Deliveries that are pending at a time.</param>
/// <param name="PayloadBytes">Bytes of a delivery's payload.</param>
/// <param name="WebhookNodes">Webhook nodes of a workflow.</param>
public sealed record OwnQuotas(QuotaUse DeliveriesPerMinute, QuotaUse PendingDeliveries, QuotaUse PayloadBytes, QuotaUse WebhookNodes);

/// <summary>A quota.</summary>
/// <param name="Limit">What is allowed; null for as much as it likes.</param>
/// <param name="Used">How much of it is used just now, counted no further than to the limit; null where that is not counted.</param>
public sealed record QuotaUse(int? Limit, long? Used);
