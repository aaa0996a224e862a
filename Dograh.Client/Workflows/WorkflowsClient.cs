using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>Workflows and their versions.</summary>
public sealed class WorkflowsClient
{
    private const string Path = "api/v1/workflows";

    private readonly ApiConnection _api;

    internal WorkflowsClient(ApiConnection api) => _api = api;

    /// <summary>Saves a workflow as version 1.</summary>
    public Task<Workflow> CreateAsync(WorkflowRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<WorkflowRequest, Workflow>(Path, request, cancellationToken, idempotencyKey);

    /// <summary>Saves a workflow's next version; earlier runs keep theirs.</summary>
    public Task<Workflow> UpdateAsync(long id, WorkflowRequest request, CancellationToken cancellationToken = default) =>
        _api.PutAsync<WorkflowRequest, Workflow>($"{Path}/{id}", request, cancellationToken);

    /// <summary>A page of the workflows, newest first.</summary>
    public Task<Page<Workflow>> ListAsync(int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Page<Workflow>>(new Query(Path).Page(limit, cursor), cancellationToken);

    /// <summary>All workflows, newest first.</summary>
    public IAsyncEnumerable<Workflow> AllAsync(CancellationToken cancellationToken = default) =>
        ApiConnection.AllAsync<Workflow>((cursor, token) => ListAsync(200, cursor, token), cancellationToken);

    /// <summary>A workflow's current version.</summary>
    public Task<Workflow> GetAsync(long id, CancellationToken cancellationToken = default) => _api.GetAsync<Workflow>($"{Path}/{id}", cancellationToken);
}
