using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>The operator's: organizations and their quotas.</summary>
public sealed class OrganizationsClient
{
    private const string Path = "api/v1/organizations";

    private readonly ApiConnection _api;

    internal OrganizationsClient(ApiConnection api) => _api = api;

    /// <summary>Makes an organization and its first key, which is told this once.</summary>
    public Task<CreatedOrganization> CreateAsync(string name, CancellationToken cancellationToken = default) =>
        _api.PostAsync<Named, CreatedOrganization>(Path, new Named(name), cancellationToken);

    /// <summary>A page of the organizations, newest first.</summary>
    public Task<Page<Organization>> ListAsync(int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Page<Organization>>(new Query(Path).Page(limit, cursor), cancellationToken);

    /// <summary>All organizations, newest first.</summary>
    public IAsyncEnumerable<Organization> AllAsync(CancellationToken cancellationToken = default) =>
        ApiConnection.AllAsync<Organization>((cursor, token) => ListAsync(200, cursor, token), cancellationToken);

    /// <summary>A page of the organizations with what each has waiting and parked, newest first.</summary>
    public Task<Page<OrganizationBacklog>> ListBacklogsAsync(int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Page<OrganizationBacklog>>(new Query($"{Path}/backlog").Page(limit, cursor), cancellationToken);

    /// <summary>What was set for an organization, and what holds for it.</summary>
    public Task<Quotas> GetQuotasAsync(long id, CancellationToken cancellationToken = default) => _api.GetAsync<Quotas>($"{Path}/{id}/quotas", cancellationToken);

    /// <summary>Sets an organization's quotas, all of them.</summary>
    public Task<Quotas> SetQuotasAsync(long id, QuotasRequest request, CancellationToken cancellationToken = default) =>
        _api.PutAsync<QuotasRequest, Quotas>($"{Path}/{id}/quotas", request, cancellationToken);
}
