using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>Runs: starting, completing, previewing.</summary>
public sealed class RunsClient
{
    /// <summary>How many completed runs one request may hold.</summary>
    public const int MaxBatch = 500;

    private readonly ApiConnection _api;

    internal RunsClient(ApiConnection api) => _api = api;

    /// <summary>Starts a run, pinned to the workflow's current version.</summary>
    public Task<StartedRun> StartAsync(long workflowId, StartRunRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<StartRunRequest, StartedRun>($"api/v1/workflows/{workflowId}/runs", request, cancellationToken, idempotencyKey);

    /// <summary>Completes a run: its webhooks are rendered and stored with it. Once more, it answers with the first completion's deliveries.</summary>
    public Task<RunOutcome> CompleteAsync(long runId, CompletionRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<CompletionRequest, RunOutcome>($"api/v1/workflow-runs/{runId}/complete", request, cancellationToken, idempotencyKey);

    /// <summary>Stores a completed run in one request.</summary>
    public Task<RunOutcome> StoreCompletedAsync(long workflowId, RunRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<RunRequest, RunOutcome>($"api/v1/workflows/{workflowId}/completed-runs", request, cancellationToken, idempotencyKey);

    /// <summary>Stores up to <see cref="MaxBatch"/> completed runs: the good ones in one transaction, each of the others says what is wrong with it.</summary>
    public Task<BatchOutcome> StoreCompletedAsync(
        long workflowId, IReadOnlyList<RunRequest> runs, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<BatchRequest, BatchOutcome>($"api/v1/workflows/{workflowId}/completed-runs/batch", new BatchRequest(runs), cancellationToken, idempotencyKey);

    /// <summary>Shows what a completion would send; sends and stores nothing.</summary>
    public Task<Preview> PreviewAsync(long workflowId, RunRequest request, CancellationToken cancellationToken = default) =>
        _api.PostAsync<RunRequest, Preview>($"api/v1/workflows/{workflowId}/preview", request, cancellationToken);

    /// <summary>A page of a workflow's runs, newest first.</summary>
    public Task<Page<RunSummary>> ListAsync(long workflowId, int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Page<RunSummary>>(new Query($"api/v1/workflows/{workflowId}/runs").Page(limit, cursor), cancellationToken);

    /// <summary>One run with its deliveries.</summary>
    public Task<Run> GetAsync(long id, CancellationToken cancellationToken = default) => _api.GetAsync<Run>($"api/v1/workflow-runs/{id}", cancellationToken);
}
