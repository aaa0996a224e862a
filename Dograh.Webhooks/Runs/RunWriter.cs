using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Dograh.Webhooks.Batching;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Idempotency;
using Dograh.Webhooks.Quotas;
using Dograh.Webhooks.Sending;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Dograh.Webhooks.Runs;

/// <summary>Stores completed runs with their deliveries, those of many requests in one transaction: a group commit.</summary>
/// <remarks>
/// Each request is answered once the transaction that holds its rows is committed (I1). A run that PostgreSQL refuses, that cannot be rendered or is more than a quota, fails its
/// own request only: the others are stored without it. The same goes for one whose <c>Idempotency-Key</c> another transaction takes meanwhile: it goes again, and finds what that did.
/// </remarks>
internal sealed class RunWriter
{
    private const int MaxGroup = 128;

    // Of large runs fewer: a hundred of a megabyte each would take longer than the group may.
    private const long MaxGroupBytes = 4 * 1024 * 1024;

    // And of those that render to much, which shows only then.
    private const long MaxGroupLength = 8 * 1024 * 1024;

    // A group takes milliseconds. Where PostgreSQL hangs its requests are refused, to be sent again, rather than left waiting.
    private const int TimeoutSeconds = 5;

    private readonly NpgsqlDataSource _dataSource;
    private readonly WorkflowVersions _versions;
    private readonly EgressGuard _guard;
    private readonly QuotaMeter _quotas;
    private readonly WebhookDeliveryOptions _options;

    // The keys of the runs that are being stored, with the end of their group.
    private readonly ConcurrentDictionary<(long OrganizationId, string Path, string Key), TaskCompletionSource> _underWay = [];

    private readonly Batcher<(CompletedRun Run, string? TraceParent), Result> _batcher;

    public RunWriter(NpgsqlDataSource dataSource, WorkflowVersions versions, EgressGuard guard, QuotaMeter quotas, IOptions<WebhookDeliveryOptions> options)
    {
        _dataSource = dataSource;
        _versions = versions;
        _guard = guard;
        _quotas = quotas;
        _options = options.Value;
        _batcher = new(StoreAsync, MaxGroup, e => DatabaseFailure.IsOfTheData(e) || e is GroupTooLargeException, item => item.Run.Size, MaxGroupBytes);
    }

    /// <summary>Renders and stores a run, and returns once it is durable.</summary>
    /// <param name="run">The run.</param>
    /// <param name="traceParent">The trace context of the completing request.</param>
    /// <returns>The run as rendered, and its deliveries, due now; or what was answered first under its key; or neither if the organization has no such workflow.</returns>
    /// <exception cref="KeyGoneException">The key that it came with does not work any more.</exception>
    /// <exception cref="KeyLacksScopeException">It may not store runs.</exception>
    /// <exception cref="QuotaExceededException">The organization wants more than its quota.</exception>
    public async Task<(StoredRun? Stored, IdempotentAnswer? First)> StoreAsync(CompletedRun run, string? traceParent)
    {
        while (true)
        {
            try
            {
                var result = await _batcher.RunAsync((run, traceParent));
                if (result.Fault is { } fault) ExceptionDispatchInfo.Throw(fault);
                if (result.Behind is null) return (result.Stored, result.First);
                await result.Behind;
            }
            catch (PostgresException e) when (IdempotencyStore.IsTaken(e))
            {
                // The next group's first statement finds the answer.
            }
        }
    }

    private async Task<IReadOnlyList<Result>> StoreAsync(IReadOnlyList<(CompletedRun Run, string? TraceParent)> group, Action letNextBegin)
    {
        await using var connection = await _dataSource.OpenConnectionAsync();
        // Asked before the answers are: one that is stored meanwhile is not among them.
        var twins = group.Select(item => TwinOf(item.Run)).ToList();
        var (begun, answers) = await BeginAsync(connection, group);
        var results = new Result[group.Count];
        var length = 0L;
        var (stored, ended) = (new List<StoredRun>(group.Count), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            for (var i = 0; i < results.Length; i++)
            {
                results[i] = (twins[i] ?? TwinOf(group[i].Run)) is { } twin
                    ? new Result { Behind = twin.Task }
                    : await RenderAsync(group[i].Run, group[i].TraceParent, begun[i], answers?[i]);
                if (results[i].Stored is not { } run) continue;
                stored.Add(run);
                length += run.Prepared.Length;
                if (length > MaxGroupLength && stored.Count > 1) throw new GroupTooLargeException();
                if (run.Kept is { Key: var key }) _underWay[key.Identity] = ended;
            }

            // The next group is read and rendered while PostgreSQL writes this one.
            letNextBegin();
            if (stored.Count > 0) await InsertAsync(connection, stored);
        }
        catch
        {
            // They may come again, in another group.
            foreach (var run in stored) await _quotas.ReleaseAsync(run.Run.OrganizationId, run.Prepared.Rows.Count);
            throw;
        }
        finally
        {
            foreach (var run in stored.Where(run => run.Kept is not null)) _underWay.TryRemove(run.Kept!.Key.Identity, out _);
            ended.SetResult();
        }

        return results;
    }

    // The end of the group that stores a run under the same key just now.
    private TaskCompletionSource? TwinOf(CompletedRun run) => run.Key is { Request: var key } ? _underWay.GetValueOrDefault(key.Identity) : null;

    // All that is known of a group before it is written, in one round trip.
    private static async Task<(BegunRun?[] Begun, IdempotentAnswer?[]? Answers)> BeginAsync(
        NpgsqlConnection connection, IReadOnlyList<(CompletedRun Run, string? TraceParent)> group)
    {
        await using var batch = new NpgsqlBatch(connection) { Timeout = TimeoutSeconds };
        batch.BatchCommands.Add(BeginCompletedRuns.Command([.. group.Select(item => item.Run)]));
        var keyed = Enumerable.Range(0, group.Count).Where(i => group[i].Run.Key is not null).ToList();
        var keys = keyed.ConvertAll(i => group[i].Run.Key!.Request);
        if (keys.Count > 0) batch.BatchCommands.Add(IdempotencyStore.FindCommand(keys));

        await using var reader = await batch.ExecuteReaderAsync();
        var begun = await BeginCompletedRuns.ReadAsync(reader, group.Count, CancellationToken.None);
        if (keys.Count == 0) return (begun, null);
        await reader.NextResultAsync();
        var found = await IdempotencyStore.ReadAsync(reader, keys.Count, CancellationToken.None);
        var answers = new IdempotentAnswer?[group.Count];
        for (var i = 0; i < found.Length; i++) answers[keyed[i]] = found[i];
        return (begun, answers);
    }

    private async Task<Result> RenderAsync(CompletedRun run, string? traceParent, BegunRun? begun, IdempotentAnswer? first)
    {
        if (begun is null) return new Result { Fault = new KeyGoneException() };
        if (!begun.IsAllowed) return new Result { Fault = new KeyLacksScopeException() };
        if (first is { IsExpired: false }) return new Result { First = first };
        if (begun.Workflow is not { } workflow) return new Result();
        try
        {
            var nodes = await _versions.GetNodesAsync(run.OrganizationId, run.WorkflowId, workflow.Version, CancellationToken.None);
            var context = RunContext.Build(begun.RunId, run.Fields, run.WorkflowId, workflow.Name, begun.Now, run.Completion, begun.Now);
            var prepared = PreparedRun.Render(run.OrganizationId, run.WorkflowId, begun.RunId, nodes, context, _guard, traceParent);
            if (await _quotas.AdmitAsync(run.OrganizationId, begun.Quotas, prepared.Rows) is { } exceeded) return new Result { Fault = exceeded };
            var row = new NewRun(run.OrganizationId, begun.RunId, run.WorkflowId, workflow.Version, begun.Now, run.Fields, run.Completion);
            return new Result { Stored = new StoredRun(row, prepared) { Kept = run.Key?.Answer(prepared.ToOutcome()), ReplacesExpired = first is not null } };
        }
        catch (Exception e)
        {
            // Its own request answers for it; the rest of the group goes on.
            return new Result { Fault = e };
        }
    }

    private async Task InsertAsync(NpgsqlConnection connection, IReadOnlyList<StoredRun> group)
    {
        // One batch without BEGIN is one transaction, and one round trip. What it holds nobody but PostgreSQL can be late in letting go of.
        await using var batch = new NpgsqlBatch(connection) { Timeout = TimeoutSeconds };
        if (group.Any(stored => stored.ReplacesExpired))
        {
            batch.BatchCommands.Add(IdempotencyStore.RemoveExpiredCommand([.. group.Where(stored => stored.ReplacesExpired).Select(stored => stored.Kept!.Key)]));
        }

        if (group.Any(stored => stored.Kept is not null)) batch.BatchCommands.Add(IdempotencyStore.KeepCommand([.. group.Select(stored => stored.Kept).OfType<KeptAnswer>()]));
        batch.BatchCommands.Add(InsertCompletedRuns.Command([.. group.Select(stored => stored.Run).OrderBy(run => (run.OrganizationId, run.Id))]));
        var rows = group.SelectMany(stored => stored.Prepared.Rows).OrderBy(row => (row.OrganizationId, row.WorkflowRunId)).ToList();
        if (rows.Count > 0) batch.BatchCommands.Add(InsertDeliveries.Command(rows, _options));

        await using var reader = await batch.ExecuteReaderAsync();
        // The statements before it return no rows, and so have no results to go past.
        if (rows.Count > 0)
        {
            var created = await InsertDeliveries.ReadAsync(reader, CancellationToken.None);
            foreach (var stored in group) stored.Due = stored.Prepared.Rows.Select(row => created[row.DeliveryUuid]).ToList();
        }

        // Errors of the commit itself come with the end of the batch.
        await reader.NextResultAsync();
    }

    private sealed record Result
    {
        public StoredRun? Stored { get; init; }

        public IdempotentAnswer? First { get; init; }

        public Exception? Fault { get; init; }

        /// <summary>The end of the group that stores a twin of it, whose answer is to be found then; null if there is none.</summary>
        public Task? Behind { get; init; }
    }
}

/// <summary>The runs of a group render to more than is held, and written, at a time: they go in smaller ones.</summary>
internal sealed class GroupTooLargeException() : Exception("The runs of the group render to too much.");

/// <summary>A run that is stored.</summary>
/// <param name="Run">Its row.</param>
/// <param name="Prepared">Its nodes as rendered.</param>
internal sealed record StoredRun(NewRun Run, PreparedRun Prepared)
{
    /// <summary>The answer that is kept with it; null if it came without a key.</summary>
    public KeptAnswer? Kept { get; init; }

    /// <summary>Whether its key has an answer that is over its time.</summary>
    public bool ReplacesExpired { get; init; }

    /// <summary>Its deliveries, due now.</summary>
    public IReadOnlyList<DueDelivery> Due { get; set; } = [];
}
