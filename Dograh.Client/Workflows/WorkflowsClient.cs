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

    /// <summary>Saves a workflow's next version upon the one that was looked at.</summary>
    /// <exception cref="DograhApiException">412: another version was saved meanwhile.</exception>
    public Task<Workflow> UpdateAsync(long id, WorkflowRequest request, int onVersion, CancellationToken cancellationToken = default) =>
        _api.PutAsync<WorkflowRequest, Workflow>($"{Path}/{id}", request, cancellationToken, ifMatch: $"\"{onVersion}\"");

    /// <summary>Says what saving would say; saves nothing.</summary>
    public Task<Validation> ValidateAsync(WorkflowRequest request, CancellationToken cancellationToken = default) =>
        _api.PostAsync<WorkflowRequest, Validation>($"{Path}/validate", request, cancellationToken);

    /// <summary>Shows what a completion would send; sends and stores nothing.</summary>
    /// <param name="id">The workflow; null for one that is not saved yet, whose draft the request brings.</param>
    /// <param name="request">The call, and a draft if there is one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<Preview> PreviewAsync(long? id, RehearsalRequest request, CancellationToken cancellationToken = default) =>
        _api.PostAsync<RehearsalRequest, Preview>($"{Of(id)}/preview", request, cancellationToken);

    /// <summary>Sends one webhook node's request as a delivery would be sent, once; stores nothing.</summary>
    /// <param name="id">The workflow; null for one that is not saved yet, whose draft the request brings.</param>
    /// <param name="request">The node and the call, and a draft if there is one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<WorkflowTest> TestAsync(long? id, WorkflowTestRequest request, CancellationToken cancellationToken = default) =>
        _api.PostAsync<WorkflowTestRequest, WorkflowTest>($"{Of(id)}/test", request, cancellationToken);

    /// <summary>The names that templates may use; of a workflow with values that its latest runs had.</summary>
    /// <param name="id">The workflow; null for what all have.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<ContextVariables> GetVariablesAsync(long? id = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<ContextVariables>($"{Of(id)}/context-variables", cancellationToken);

    /// <summary>A page of the workflows, newest first.</summary>
    public Task<Page<Workflow>> ListAsync(int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Page<Workflow>>(new Query(Path).Page(limit, cursor), cancellationToken);

    /// <summary>All workflows, newest first.</summary>
    public IAsyncEnumerable<Workflow> AllAsync(CancellationToken cancellationToken = default) =>
        ApiConnection.AllAsync<Workflow>((cursor, token) => ListAsync(200, cursor, token), cancellationToken);

    /// <summary>A workflow's current version.</summary>
    public Task<Workflow> GetAsync(long id, CancellationToken cancellationToken = default) => _api.GetAsync<Workflow>($"{Path}/{id}", cancellationToken);

    private static string Of(long? id) => id is null ? Path : $"{Path}/{id}";
}
