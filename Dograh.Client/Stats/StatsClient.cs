using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>The figures of a window.</summary>
public sealed class StatsClient
{
    private readonly ApiConnection _api;

    internal StatsClient(ApiConnection api) => _api = api;

    /// <summary>The figures of the last minutes, hours or days.</summary>
    /// <param name="window">From <c>5m</c> to <c>30d</c>, in minutes, hours or days; null for an hour.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<DeliveryStats> GetAsync(string? window = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<DeliveryStats>(new Query("api/v1/stats").Add("window", window).ToString(), cancellationToken);

    /// <summary>The same by time; the server sees to it that asking every second or two is cheap.</summary>
    /// <param name="window">From <c>5m</c> to <c>30d</c>, in minutes, hours or days; null for an hour.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<Timeline> GetTimelineAsync(string? window = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Timeline>(new Query("api/v1/stats/timeline").Add("window", window).ToString(), cancellationToken);
}
