using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Model;

/// <summary>What a bulk replay does to all deliveries of an organization.</summary>
internal static class BulkReplay
{
    /// <summary>Replays those in a state, one a unit, the first at once unless an earlier bulk replay has still turns to come.</summary>
    /// <param name="deliveries">The organization's, oldest first.</param>
    /// <param name="status">From which state.</param>
    /// <returns>How many were replayed, and what all are then.</returns>
    public static (int Count, IReadOnlyList<ModelDelivery?> Next) Apply(IReadOnlyList<ModelDelivery?> deliveries, DeliveryStatus status)
    {
        var lastTurn = deliveries.Max(delivery => delivery is { WaitsForItsTurn: true } ? delivery.DueIn : 0);
        var turn = lastTurn == 0 ? 0 : lastTurn + 1;
        var count = 0;
        var next = new List<ModelDelivery?>();
        foreach (var delivery in deliveries) next.Add(delivery?.Status == status ? delivery.Replay(turn + count++).Next : delivery);
        return (count, next);
    }
}
