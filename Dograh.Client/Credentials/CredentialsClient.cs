using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>Credentials; their data goes in and never comes out.</summary>
public sealed class CredentialsClient
{
    private const string Path = "api/v1/credentials";

    private readonly ApiConnection _api;

    internal CredentialsClient(ApiConnection api) => _api = api;

    /// <summary>Stores a credential.</summary>
    public Task<Credential> CreateAsync(CredentialRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<CredentialRequest, Credential>(Path, request, cancellationToken, idempotencyKey);

    /// <summary>A page of the credentials, newest first.</summary>
    public Task<Page<Credential>> ListAsync(int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Page<Credential>>(new Query(Path).Page(limit, cursor), cancellationToken);

    /// <summary>All credentials, newest first.</summary>
    public IAsyncEnumerable<Credential> AllAsync(CancellationToken cancellationToken = default) =>
        ApiConnection.AllAsync<Credential>((cursor, token) => ListAsync(200, cursor, token), cancellationToken);

    /// <summary>One credential.</summary>
    public Task<Credential> GetAsync(Guid uuid, CancellationToken cancellationToken = default) => _api.GetAsync<Credential>($"{Path}/{uuid:D}", cancellationToken);

    /// <summary>Changes those of the fields that are given.</summary>
    public Task<Credential> UpdateAsync(Guid uuid, CredentialRequest request, CancellationToken cancellationToken = default) =>
        _api.PutAsync<CredentialRequest, Credential>($"{Path}/{uuid:D}", request, cancellationToken);

    /// <summary>Deletes a credential: it stops resolving at once.</summary>
    public Task DeleteAsync(Guid uuid, CancellationToken cancellationToken = default) => _api.DeleteAsync($"{Path}/{uuid:D}", cancellationToken);

    /// <summary>Sends a test to a URL as a delivery with this credential would be sent.</summary>
    public Task<TestAnswer> TestAsync(Guid uuid, CredentialTestRequest request, CancellationToken cancellationToken = default) =>
        _api.PostAsync<CredentialTestRequest, TestAnswer>($"{Path}/{uuid:D}/test", request, cancellationToken);
}
