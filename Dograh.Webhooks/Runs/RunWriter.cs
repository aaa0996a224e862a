using System.Runtime.ExceptionServices;
using Dograh.Webhooks.Batching;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Quotas;
using Dograh.Webhooks.Sending;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Dograh.Webhooks.Runs;

/// <summary>Stores completed runs with their deliveries, those of many requests in one transaction: a group commit.</summary>
/// <remarks>
/// Each request is answered once the transaction that holds its rows is committed (I1). A run that PostgreSQL refuses, that cannot be rendered or is more than a quota, fails its
/// own request only: the others are stored without it.
/// </remarks>
internal sealed class RunWriter
{
    private const int MaxGroup = 128;

    // Of large runs fewer: a hundred of a megabyte each would take longer than the group may.
    private const long MaxGroupBytes = 4 * 1024 * 1024;

    // A group takes milliseconds. Where PostgreSQL hangs its requests are refused, to be sent again, rather than left waiting.
    private const int TimeoutSeconds = 5;

    private readonly NpgsqlDataSource _dataSource;
    private readonly WorkflowVersions _versions;
    private readonly EgressGuard _guard;
    private readonly QuotaMeter _quotas;
    private readonly WebhookDeliveryOptions _options;
    private readonly Batcher<(CompletedRun Run, string? TraceParent), Result> _batcher;

    public RunWriter(NpgsqlDataSource dataSource, WorkflowVersions versions, EgressGuard guard, QuotaMeter quotas, IOptions<WebhookDeliveryOptions> options)
    {
        _dataSource = dataSource;
        _versions = versions;
        _guard = guard;
        _quotas = quotas;
        _options = options.Value;
        _batcher = new(StoreAsync, MaxGroup, DatabaseFailure.IsOfTheData, item => item.Run.Size, MaxGroupBytes);
    }

    /// <summary>Renders and stores a run, and returns once it is durable.</summary>
    /// <param name="run">The run.</param>
    /// <param name="traceParent">The trace context of the completing request.</param>
    /// <returns>The run as rendered, and its deliveries, due now; null if the organization has no such workflow.</returns>
    /// <exception cref="KeyGoneException">The key that it came with does not work any more.</exception>
    /// <exception cref="KeyLacksScopeException">It may not store runs.</exception>
    /// <exception cref="QuotaExceededException">The organization wants more than its quota.</exception>
    public async Task<StoredRun?> StoreAsync(CompletedRun run, string? traceParent)
    {
        var result = await _batcher.RunAsync((run, traceParent));
        if (result.Fault is { } fault) ExceptionDispatchInfo.Throw(fault);
        return result.Stored;
    }

    private async Task<IReadOnlyList<Result>> StoreAsync(IReadOnlyList<(CompletedRun Run, string? TraceParent)> group)
    {
        await using var connection = await _dataSource.OpenConnectionAsync();
        var begun = await BeginCompletedRuns.ExecuteAsync(connection, group.Select(item => item.Run).ToList(), TimeoutSeconds, CancellationToken.None);
        var results = new Result[group.Count];
        for (var i = 0; i < results.Length; i++) results[i] = await RenderAsync(group[i].Run, group[i].TraceParent, begun[i]);

        var rendered = results.Where(result => result.Stored is not null).Select(result => result.Stored!).ToList();
        try
        {
            if (rendered.Count > 0) await InsertAsync(connection, rendered);
        }
        catch
        {
            // They may come again, in another group.
            foreach (var stored in rendered) await _quotas.ReleaseAsync(stored.Run.OrganizationId, stored.Prepared.Rows.Count);
            throw;
        }

        return results;
    }

    private async Task<Result> RenderAsync(CompletedRun run, string? traceParent, BegunRun? begun)
    {
        if (begun is null) return new Result(Stored: null, new KeyGoneException());
        if (!begun.IsAllowed) return new Result(Stored: null, new KeyLacksScopeException());
        if (begun.Workflow is not { } workflow) return new Result(Stored: null, Fault: null);
        try
        {
            var nodes = await _versions.GetNodesAsync(run.OrganizationId, run.WorkflowId, workflow.Version, CancellationToken.None);
            var context = RunContext.Build(begun.RunId, run.Fields, run.WorkflowId, workflow.Name, begun.Now, run.Completion, begun.Now);
            var prepared = PreparedRun.Render(run.OrganizationId, run.WorkflowId, begun.RunId, nodes, context, _guard, traceParent);
            if (await _quotas.AdmitAsync(run.OrganizationId, begun.Quotas, prepared.Rows) is { } exceeded) return new Result(Stored: null, exceeded);
            return new Result(
                new StoredRun(
                    new NewRun(run.OrganizationId, begun.RunId, run.WorkflowId, workflow.Version, begun.Now, run.Fields, run.Completion), prepared),
                Fault: null);
        }
        catch (Exception e)
        {
            // Its own request answers for it; the rest of the group goes on.
            return new Result(Stored: null, e);
        }
    }

    private async Task InsertAsync(NpgsqlConnection connection, IReadOnlyList<StoredRun> group)
    {
        // One batch without BEGIN is one transaction, and one round trip.
        await using var batch = new NpgsqlBatch(connection) { Timeout = TimeoutSeconds };
        batch.BatchCommands.Add(InsertCompletedRuns.Command([.. group.Select(stored => stored.Run).OrderBy(run => (run.OrganizationId, run.Id))]));
        var rows = group.SelectMany(stored => stored.Prepared.Rows).OrderBy(row => (row.OrganizationId, row.WorkflowRunId)).ToList();
        if (rows.Count > 0) batch.BatchCommands.Add(InsertDeliveries.Command(rows, _options));

        await using var reader = await batch.ExecuteReaderAsync();
        // The first statement returns no rows, and so has no result to go past.
        if (rows.Count > 0)
        {
            var created = await InsertDeliveries.ReadAsync(reader, CancellationToken.None);
            foreach (var stored in group) stored.Due = stored.Prepared.Rows.Select(row => created[row.DeliveryUuid]).ToList();
        }

        // Errors of the commit itself come with the end of the batch.
        await reader.NextResultAsync();
    }

    private sealed record Result(StoredRun? Stored, Exception? Fault);
}

/// <summary>A run that is stored.</summary>
/// <param name="Run">Its row.</param>
/// <param name="Prepared">Its nodes as rendered.</param>
internal sealed record StoredRun(NewRun Run, PreparedRun Prepared)
{
    /// <summary>Its deliveries, due now.</summary>
    public IReadOnlyList<DueDelivery> Due { get; set; } = [];
}
