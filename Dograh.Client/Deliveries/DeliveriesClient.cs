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
        _api.PostAsync<BulkRequest, BulkReplay>($"{Path}/replay", new BulkRequest(filter), cancellationToken, idempotencyKey);

    /// <summary>Sends some of the deliveries that match again, oldest first.</summary>
    /// <param name="filter">Which; its status is required.</param>
    /// <param name="limit">How many at most, up to 10,000.</param>
    /// <param name="cursor">The answer's before, to go on; null to begin.</param>
    /// <param name="cancellationToken">Stops.</param>
    public Task<BulkReplay> ReplayPartAsync(DeliveryFilter filter, int limit, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<BulkRequest, BulkReplay>($"{Path}/replay", new BulkRequest(filter) { Limit = limit, Cursor = cursor }, cancellationToken);

    /// <summary>Stops all pending deliveries that match; the filter's status is required, and pending. All of them, or none.</summary>
    public Task<BulkCancel> CancelAllAsync(DeliveryFilter filter, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<BulkRequest, BulkCancel>($"{Path}/cancel", new BulkRequest(filter), cancellationToken, idempotencyKey);

    /// <summary>Stops some of the pending deliveries that match, oldest first; parts as <see cref="ReplayPartAsync"/> has them.</summary>
    public Task<BulkCancel> CancelPartAsync(DeliveryFilter filter, int limit, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<BulkRequest, BulkCancel>($"{Path}/cancel", new BulkRequest(filter) { Limit = limit, Cursor = cursor }, cancellationToken);

    /// <summary>Counts the deliveries that match, as far as that takes no longer than some seconds.</summary>
    public Task<DeliveryCount> CountAsync(DeliveryFilter? filter = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<DeliveryCount>((filter ?? new DeliveryFilter()).Apply(new Query($"{Path}/count")).ToString(), cancellationToken);

    /// <summary>What the next attempt will send, or would after a replay, secrets masked.</summary>
    public Task<DeliveryRequest> GetRequestAsync(Guid id, CancellationToken cancellationToken = default) =>
        _api.GetAsync<DeliveryRequest>($"{Path}/{id:D}/request", cancellationToken);

    /// <summary>All deliveries that match as a file, <c>csv</c> or <c>ndjson</c>, which begins to come at once.</summary>
    public async Task<DeliveryExport> ExportAsync(string format, DeliveryFilter? filter = null, CancellationToken cancellationToken = default)
    {
        var response = await _api.OpenAsync((filter ?? new DeliveryFilter()).Apply(new Query($"{Path}/export").Add("format", format)).ToString(), cancellationToken);
        return new DeliveryExport(response, await response.Content.ReadAsStreamAsync(cancellationToken));
    }

    /// <summary>Dead letters by receiver and cause, the largest group first.</summary>
    public Task<DeadLetters> GroupDeadLettersAsync(CancellationToken cancellationToken = default) => _api.GetAsync<DeadLetters>("api/v1/dead-letters", cancellationToken);
}
