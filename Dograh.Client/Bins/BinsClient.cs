using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>Request bins: receivers for development, within the API.</summary>
public sealed class BinsClient
{
    private const string Path = "api/v1/bins";

    private readonly ApiConnection _api;

    internal BinsClient(ApiConnection api) => _api = api;

    /// <summary>Makes a bin.</summary>
    public Task<Bin> CreateAsync(BinSettings settings, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<BinSettings, Bin>(Path, settings, cancellationToken, idempotencyKey);

    /// <summary>A page of the bins, newest first.</summary>
    public Task<Page<Bin>> ListAsync(int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Page<Bin>>(new Query(Path).Page(limit, cursor), cancellationToken);

    /// <summary>All bins, newest first.</summary>
    public IAsyncEnumerable<Bin> AllAsync(CancellationToken cancellationToken = default) =>
        ApiConnection.AllAsync<Bin>((cursor, token) => ListAsync(200, cursor, token), cancellationToken);

    /// <summary>One bin.</summary>
    public Task<Bin> GetAsync(Guid id, CancellationToken cancellationToken = default) => _api.GetAsync<Bin>($"{Path}/{id:D}", cancellationToken);

    /// <summary>Renames a bin, or tells it how to answer from now on.</summary>
    public Task<Bin> UpdateAsync(Guid id, BinSettings settings, CancellationToken cancellationToken = default) =>
        _api.PutAsync<BinSettings, Bin>($"{Path}/{id:D}", settings, cancellationToken);

    /// <summary>Deletes a bin with all that it got.</summary>
    public Task DeleteAsync(Guid id, CancellationToken cancellationToken = default) => _api.DeleteAsync($"{Path}/{id:D}", cancellationToken);

    /// <summary>A page of what a bin got, newest first.</summary>
    public Task<Page<BinRequest>> ListRequestsAsync(Guid id, int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Page<BinRequest>>(new Query($"{Path}/{id:D}/requests").Page(limit, cursor), cancellationToken);

    /// <summary>Removes what a bin got.</summary>
    public Task ClearAsync(Guid id, CancellationToken cancellationToken = default) => _api.DeleteAsync($"{Path}/{id:D}/requests", cancellationToken);
}
