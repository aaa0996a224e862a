using Dograh.Client;

namespace Dograh.Cli.Deliveries;

/// <summary>What can be done to deliveries.</summary>
/// <param name="Verb">As it is typed.</param>
/// <param name="Doing">As it is told meanwhile.</param>
/// <param name="Done">As it is told afterwards.</param>
/// <param name="OneAsync">Does it to one.</param>
/// <param name="PartAsync">Does it to a part of those that match.</param>
internal sealed record Act(
    string Verb, string Doing, string Done, Func<DeliveriesClient, Guid, CancellationToken, Task<Delivery>> OneAsync,
    Func<DeliveriesClient, DeliveryFilter, int, string?, CancellationToken, Task<Part>> PartAsync)
{
    /// <summary>Sends again.</summary>
    public static Act Replay { get; } = new(
        "replay", "Replaying", "replayed", (api, id, token) => api.ReplayAsync(id, cancellationToken: token),
        async (api, filter, limit, cursor, token) =>
        {
            var part = await api.ReplayPartAsync(filter, limit, cursor, token);
            return new Part(part.Matched, part.Replayed, part.NextCursor);
        });

    /// <summary>Stops.</summary>
    public static Act Cancel { get; } = new(
        "cancel", "Cancelling", "cancelled", (api, id, token) => api.CancelAsync(id, cancellationToken: token),
        async (api, filter, limit, cursor, token) =>
        {
            var part = await api.CancelPartAsync(filter, limit, cursor, token);
            return new Part(part.Matched, part.Cancelled, part.NextCursor);
        });
}

/// <summary>What came of a part.</summary>
/// <param name="Matched">How many matched.</param>
/// <param name="Done">To how many it was done.</param>
/// <param name="NextCursor">What to go on with; null if that was all.</param>
internal sealed record Part(long Matched, long Done, string? NextCursor);
