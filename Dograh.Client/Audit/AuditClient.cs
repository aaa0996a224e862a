using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>The organization's audit log.</summary>
public sealed class AuditClient
{
    private readonly ApiConnection _api;

    internal AuditClient(ApiConnection api) => _api = api;

    /// <summary>A page of what was done, newest first.</summary>
    public Task<Page<AuditEvent>> ListAsync(
        AuditFilter? filter = null, int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Page<AuditEvent>>((filter ?? new AuditFilter()).Apply(new Query("api/v1/audit")).Page(limit, cursor), cancellationToken);

    /// <summary>All that was done, newest first.</summary>
    public IAsyncEnumerable<AuditEvent> AllAsync(AuditFilter? filter = null, CancellationToken cancellationToken = default) =>
        ApiConnection.AllAsync<AuditEvent>((cursor, token) => ListAsync(filter, 200, cursor, token), cancellationToken);
}
