using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>The organization's API keys.</summary>
public sealed class ApiKeysClient
{
    private const string Path = "api/v1/api-keys";

    private readonly ApiConnection _api;

    internal ApiKeysClient(ApiConnection api) => _api = api;

    /// <summary>Makes a key, which is told this once.</summary>
    public Task<CreatedApiKey> CreateAsync(ApiKeyRequest request, CancellationToken cancellationToken = default) =>
        _api.PostAsync<ApiKeyRequest, CreatedApiKey>(Path, request, cancellationToken);

    /// <summary>A page of the keys, newest first.</summary>
    public Task<Page<ApiKey>> ListAsync(int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Page<ApiKey>>(new Query(Path).Page(limit, cursor), cancellationToken);

    /// <summary>All keys, newest first.</summary>
    public IAsyncEnumerable<ApiKey> AllAsync(CancellationToken cancellationToken = default) =>
        ApiConnection.AllAsync<ApiKey>((cursor, token) => ListAsync(200, cursor, token), cancellationToken);

    /// <summary>Revokes a key: it stops working at once.</summary>
    public Task DeleteAsync(Guid id, CancellationToken cancellationToken = default) => _api.DeleteAsync($"{Path}/{id:D}", cancellationToken);
}
