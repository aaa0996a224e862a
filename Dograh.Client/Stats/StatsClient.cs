using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>The figures of a window.</summary>
public sealed class StatsClient
{
    private readonly ApiConnection _api;

    internal StatsClient(ApiConnection api) => _api = api;

    /// <summary>The figures of the last minutes, hours or days.</summary>
    /// <param name="window"><c>5m</c>, <c>1h</c>, <c>24h</c>, <c>7d</c> or <c>30d</c>; null for an hour.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<DeliveryStats> GetAsync(string? window = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<DeliveryStats>(new Query("api/v1/stats").Add("window", window).ToString(), cancellationToken);
}
