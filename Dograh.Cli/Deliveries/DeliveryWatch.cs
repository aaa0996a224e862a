using Dograh.Client;

namespace Dograh.Cli.Deliveries;

/// <summary>Finds out what becomes of deliveries by asking again and again.</summary>
/// <remarks>
/// Each look lists what is new and what is pending, and reads what has stopped being pending one by one. What is listed as new goes back a little
/// each time: a delivery is created when its transaction begins and seen when it ends. Of a backlog only the newest <see cref="MostPending"/> are watched.
/// </remarks>
/// <param name="api">The deliveries.</param>
/// <param name="filter">Which of them; its state is left aside, for states change.</param>
internal sealed class DeliveryWatch(DeliveriesClient api, DeliveryFilter filter)
{
    private const int MostPending = 1000;

    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(15);

    private readonly Dictionary<Guid, Delivery> _pending = [];
    private readonly Dictionary<Guid, DateTimeOffset> _seen = [];
    private DateTimeOffset _newest = DateTimeOffset.MinValue;

    /// <summary>Looks for the first time: what there is, is not news.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        // The server's clock, as far as its newest delivery tells it.
        var newest = await api.ListAsync(filter with { Status = null }, limit: 200, cancellationToken: cancellationToken);
        foreach (var delivery in newest.Items) See(delivery);
        await foreach (var delivery in PendingAsync(cancellationToken)) _pending[delivery.Id] = delivery;
    }

    /// <summary>Looks again.</summary>
    /// <returns>What is new or has changed, oldest first.</returns>
    public async Task<IReadOnlyList<Delivery>> LookAsync(CancellationToken cancellationToken)
    {
        var changed = new Dictionary<Guid, Delivery>();
        var stillPending = await PendingAsync(cancellationToken).ToDictionaryAsync(delivery => delivery.Id, cancellationToken: cancellationToken);
        foreach (var delivery in stillPending.Values)
        {
            if (!_pending.TryGetValue(delivery.Id, out var before) || before.AttemptCount != delivery.AttemptCount) changed[delivery.Id] = delivery;
        }

        foreach (var id in _pending.Keys.Where(id => !stillPending.ContainsKey(id)).ToList())
        {
            if (await FindAsync(id, cancellationToken) is { } ended) changed[id] = ended;
        }

        var since = filter with { Status = null, CreatedAfter = Later(filter.CreatedAfter, _newest == DateTimeOffset.MinValue ? null : _newest - Overlap) };
        await foreach (var delivery in api.AllAsync(since, cancellationToken))
        {
            if (!_seen.ContainsKey(delivery.Id) && !_pending.ContainsKey(delivery.Id)) changed.TryAdd(delivery.Id, delivery);
            See(delivery);
        }

        _pending.Clear();
        foreach (var delivery in stillPending.Values.Concat(changed.Values.Where(delivery => delivery.Status == "pending"))) _pending[delivery.Id] = delivery;
        foreach (var (id, _) in _seen.Where(seen => seen.Value < _newest - (2 * Overlap)).ToList()) _seen.Remove(id);
        return [.. changed.Values.OrderBy(delivery => delivery.UpdatedAt)];
    }

    private void See(Delivery delivery)
    {
        _seen[delivery.Id] = delivery.CreatedAt;
        if (delivery.CreatedAt > _newest) _newest = delivery.CreatedAt;
    }

    private IAsyncEnumerable<Delivery> PendingAsync(CancellationToken cancellationToken) =>
        api.AllAsync(filter with { Status = "pending" }, cancellationToken).Take(MostPending);

    // Retention may have removed it.
    private async Task<Delivery?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        try
        {
            return await api.GetAsync(id, cancellationToken);
        }
        catch (DograhApiException e) when (e.Status == 404)
        {
            return null;
        }
    }

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a > b || b is null ? a : b;
}
