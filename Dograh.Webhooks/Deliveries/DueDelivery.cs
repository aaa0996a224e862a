namespace Dograh.Webhooks.Deliveries;

/// <summary>A delivery and when it is due: all that the queue ever holds.</summary>
/// <param name="Key">The delivery's key.</param>
/// <param name="DueAt">When it is due, by the database's clock.</param>
public readonly record struct DueDelivery(DeliveryKey Key, DateTimeOffset DueAt);
