using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>Deliveries: looking at them, replaying and cancelling.</summary>
public sealed class DeliveriesClient
{
    private const string Path = "api/v1/deliveries";

    private readonly ApiConnection _api;

    internal DeliveriesClient(ApiConnection api) => _api = api;

    /// <summary>A page of the deliveries, newest first, without payloads.</summary>
    public Task<Page<Delivery>> ListAsync(
        DeliveryFilter? filter = null, int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Page<Delivery>>((filter ?? new DeliveryFilter()).Apply(new Query(Path)).Page(limit, cursor), cancellationToken);

    /// <summary>All deliveries that match, newest first.</summary>
    public IAsyncEnumerable<Delivery> AllAsync(DeliveryFilter? filter = null, CancellationToken cancellationToken = default) =>
        ApiConnection.AllAsync<Delivery>((cursor, token) => ListAsync(filter, 200, cursor, token), cancellationToken);

    /// <summary>One delivery with everything: payload, headers, attempts.</summary>
    public Task<DeliveryDetail> GetAsync(Guid id, CancellationToken cancellationToken = default) =>
        _api.GetAsync<DeliveryDetail>($"{Path}/{id:D}", cancellationToken);

    /// <summary>Sends a delivery again: a fresh set of attempts for the same id and payload. Refused (409) while it is pending.</summary>
    public Task<Delivery> ReplayAsync(Guid id, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<Delivery>($"{Path}/{id:D}/replay", cancellationToken, idempotencyKey);

    /// <summary>Stops a delivery. Refused (409) unless it is pending.</summary>
    public Task<Delivery> CancelAsync(Guid id, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<Delivery>($"{Path}/{id:D}/cancel", cancellationToken, idempotencyKey);

    /// <summary>Sends all deliveries that match again, at a pace; the filter's status is required. All of them, or none.</summary>
    public Task<BulkReplay> ReplayAllAsync(DeliveryFilter filter, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<DeliveryFilter, BulkReplay>($"{Path}/replay", filter, cancellationToken, idempotencyKey);
}
