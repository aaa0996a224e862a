using System.Diagnostics;
using System.Text.Json;
using Dograh.Webhooks.Batching;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Idempotency;
using Dograh.Webhooks.Queue;
using Dograh.Webhooks.Quotas;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Rendering;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Telemetry;
using Dograh.Webhooks.Workflows;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Dograh.Webhooks.Runs;

/// <summary>Takes in completed runs: renders their webhook nodes and stores run and deliveries, all in the caller's one transaction (I1).</summary>
/// <remarks>Nothing is scheduled here. The caller commits, and then calls <see cref="ScheduleAsync"/>: a crash in between costs latency, for the sweep finds the rows.</remarks>
public sealed partial class RunIntake
{
    private const int MaxBatch = 128;

    // What a batch renders to is in memory, all of it, until it is stored; in UTF-16 characters.
    private const long MaxBatchLength = 4 * PreparedRun.MaxLength;

    private readonly EgressGuard _guard;
    private readonly IOptions<WebhookDeliveryOptions> _options;
    private readonly ILogger<RunIntake> _logger;
    private readonly WorkflowVersions _versions;
    private readonly RunWriter _writer;
    private readonly QuotaMeter _quotas;
    private readonly FirstStatistics _statistics;
    private readonly Batcher<IReadOnlyList<DueDelivery>, bool> _schedule;

    /// <summary>Prepares the intake.</summary>
    public RunIntake(
        EgressGuard guard, DeliveryQueue queue, NpgsqlDataSource dataSource, QuotaMeter quotas, FirstStatistics statistics, IOptions<WebhookDeliveryOptions> options,
        ILogger<RunIntake> logger)
    {
        _guard = guard;
        _options = options;
        _logger = logger;
        _quotas = quotas;
        _statistics = statistics;
        _versions = new WorkflowVersions(dataSource);
        _writer = new RunWriter(dataSource, _versions, guard, quotas, options);
        _schedule = new(
            async (many, _) =>
            {
                var scheduled = await queue.TryScheduleAsync(many.SelectMany(due => due).ToList());
                return Enumerable.Repeat(scheduled, many.Count).ToList();
            },
            MaxBatch);
    }

    /// <summary>Stores a run that comes completed, in one transaction with others that come at the same time.</summary>
    /// <returns>Null if the organization has no such workflow.</returns>
    /// <exception cref="KeyGoneException">The key that it came with does not work any more.</exception>
    /// <remarks>Returns once it is committed. What was begun is finished, whether or not anybody waits for it.</remarks>
    public async Task<Intake?> StoreCompletedAsync(CompletedRun run)
    {
        using var activity = StartActivity(run.OrganizationId);
        var (stored, first) = await _writer.StoreAsync(run, DograhTelemetry.CurrentTraceParent);
        if (first is not null) return new Intake([], [], IsRepeated: true, default) { First = first };
        if (stored is null) return null;
        activity?.SetTag(DograhTelemetry.WorkflowRunId, stored.Run.Id);
        IReadOnlyList<RunOutcome> outcomes = [Outcome(run.OrganizationId, stored.Prepared)];
        Tag(activity, run.OrganizationId, outcomes);
        return new Intake(outcomes, stored.Due, IsRepeated: false, activity?.Context ?? Activity.Current?.Context ?? default);
    }

    /// <summary>Completes a run that was started before; a run that is completed already keeps its first completion.</summary>
    /// <returns>Null if the organization has no such run.</returns>
    public async Task<Intake?> CompleteAsync(
        NpgsqlConnection connection, long organizationId, long runId, Completion completion, CancellationToken cancellationToken)
    {
        using var activity = StartActivity(organizationId);
        var run = await CompleteRun.LockAsync(connection, organizationId, runId, cancellationToken);
        if (run is null) return null;
        activity?.SetTag(DograhTelemetry.WorkflowRunId, runId);
        if (run.IsCompleted)
        {
            var existing = await CompleteRun.ReadExistingAsync(connection, organizationId, runId, cancellationToken);
            IReadOnlyList<RunOutcome> repeated = [new RunOutcome(runId, RunStatus.Completed, existing)];
            Tag(activity, organizationId, repeated);
            return new Intake(repeated, [], IsRepeated: true, activity?.Context ?? default);
        }

        var context = RunContext.Build(runId, run.Fields, run.WorkflowId, run.WorkflowName, run.CreatedAt, completion, run.Now);
        var nodes = WebhookNode.ReadAll(JsonElement.Parse(run.Definition));
        var prepared = Prepare(organizationId, run.WorkflowId, runId, nodes, context);
        if (await _quotas.AdmitAsync(organizationId, run.Quotas, prepared.Rows) is { } exceeded) throw exceeded;
        await CompleteRun.ExecuteAsync(connection, organizationId, runId, completion, cancellationToken);
        return await StoreAsync(connection, organizationId, [prepared], activity, cancellationToken);
    }

    /// <summary>Stores runs that come completed, all of one workflow.</summary>
    /// <returns>The outcomes of those that are stored, in the runs' order, and why the others are not; null if the organization has no such workflow.</returns>
    /// <exception cref="BatchTooLargeException">They render to too much for one batch.</exception>
    public async Task<Intake?> StoreCompletedAsync(
        NpgsqlConnection connection, long organizationId, long workflowId, IReadOnlyList<(RunFields Fields, Completion Completion)> runs,
        CancellationToken cancellationToken)
    {
        using var activity = StartActivity(organizationId);
        var workflow = await ReadCurrentDefinition.ExecuteAsync(connection, organizationId, workflowId, cancellationToken);
        if (workflow is null) return null;
        var ids = await InsertCompletedRuns.TakeIdsAsync(connection, runs.Count, cancellationToken);
        if (ids.Count == 1) activity?.SetTag(DograhTelemetry.WorkflowRunId, ids[0]);

        var newRuns = runs.Select((run, i) => new NewRun(organizationId, ids[i], workflowId, workflow.Version, workflow.Now, run.Fields, run.Completion)).ToList();
        var nodes = _versions.Keep(organizationId, workflowId, workflow.Version, workflow.Definition);
        var prepared = new List<PreparedRun>(newRuns.Count);
        var length = 0L;
        foreach (var run in newRuns)
        {
            prepared.Add(Prepare(organizationId, workflowId, run.Id, nodes, RunContext.Build(
                run.Id, run.Fields, workflowId, workflow.WorkflowName, workflow.Now, run.Completion, workflow.Now)));
            length += prepared[^1].Length;
            if (length > MaxBatchLength && prepared.Count > 1) throw new BatchTooLargeException(MaxBatchLength);
        }

        var refusals = new QuotaExceededException?[prepared.Count];
        for (var i = 0; i < refusals.Length; i++) refusals[i] = await _quotas.AdmitAsync(organizationId, workflow.Quotas, prepared[i].Rows);
        var admitted = Enumerable.Range(0, refusals.Length).Where(i => refusals[i] is null).ToList();
        await InsertCompletedRuns.ExecuteAsync(connection, admitted.ConvertAll(i => newRuns[i]), cancellationToken);
        var stored = await StoreAsync(connection, organizationId, admitted.ConvertAll(i => prepared[i]), activity, cancellationToken);
        return stored with { Refusals = refusals };
    }

    /// <summary>Puts what an intake has created into the queue, after the commit. Never throws: what the queue misses, the sweep finds.</summary>
    public async Task ScheduleAsync(Intake intake)
    {
        if (intake.Created.Count == 0) return;
        _statistics.Count(intake.Created.Count);
        using var activity = DograhTelemetry.Source.StartActivity("schedule", ActivityKind.Producer, intake.CompletingSpan);
        Tag(activity, intake.Created[0].Key.OrganizationId, intake.Outcomes);
        if (!await _schedule.RunAsync(intake.Created)) activity?.SetStatus(ActivityStatusCode.Error, "left to the sweep");
        DograhTelemetry.Created.Add(intake.Created.Count);
    }

    private static Activity? StartActivity(long organizationId) =>
        DograhTelemetry.Source.StartActivity("complete_run")?.SetTag(DograhTelemetry.OrganizationId, organizationId);

    private PreparedRun Prepare(long organizationId, long workflowId, long runId, IReadOnlyList<WebhookNode> nodes, RenderContext context) =>
        PreparedRun.Render(organizationId, workflowId, runId, nodes, context, _guard, DograhTelemetry.CurrentTraceParent);

    private async Task<Intake> StoreAsync(
        NpgsqlConnection connection, long organizationId, IReadOnlyList<PreparedRun> runs, Activity? activity, CancellationToken cancellationToken)
    {
        var rows = runs.SelectMany(run => run.Rows).ToList();
        var created = rows.Count == 0
            ? new Dictionary<Guid, DueDelivery>()
            : await InsertDeliveries.ExecuteAsync(connection, rows, _options.Value, cancellationToken);
        var outcomes = runs.Select(run => Outcome(organizationId, run)).ToList();
        Tag(activity, organizationId, outcomes);
        return new Intake(outcomes, created.Values.ToList(), IsRepeated: false, activity?.Context ?? Activity.Current?.Context ?? default);
    }

    private RunOutcome Outcome(long organizationId, PreparedRun run)
    {
        var outcome = run.ToOutcome();
        for (var i = 0; i < run.Nodes.Count; i++)
        {
            var rendered = run.Nodes[i];
            if (rendered.DroppedHeaders.Count > 0 || rendered.Fault is not null) LogFaults(organizationId, run.RunId, outcome.Deliveries[i].DeliveryId, rendered);
        }

        return outcome;
    }

    // Under the ids that everything else about the delivery is logged with; one that is not made has no id of its own.
    private void LogFaults(long organizationId, long runId, Guid? delivery, RenderedNode rendered)
    {
        var ids = new List<KeyValuePair<string, object?>> { new(DograhTelemetry.OrganizationId, organizationId), new(DograhTelemetry.WorkflowRunId, runId) };
        if (delivery is not null) ids.Add(new(DograhTelemetry.DeliveryId, delivery));
        using var scope = _logger.BeginScope(ids);
        foreach (var header in rendered.DroppedHeaders) LogDropped(_logger, header, rendered.Node.Id, runId);
        if (rendered.Fault is { } fault) LogInvalid(_logger, rendered.Node.Id, runId, fault);
    }

    // One delivery is tagged with its id, as every span of it is; several with all of theirs. The spans above too: whoever looks for a
    // delivery finds the request that it came from.
    private static void Tag(Activity? activity, long organizationId, IReadOnlyList<RunOutcome> outcomes)
    {
        if (activity is null) return;
        var ids = outcomes.SelectMany(outcome => outcome.Deliveries).Where(node => node.DeliveryId is not null)
            .Select(node => node.DeliveryId!.Value.ToString("D")).ToArray();
        for (; activity is not null; activity = activity.Parent)
        {
            activity.SetTag(DograhTelemetry.OrganizationId, organizationId);
            if (ids.Length > 0) activity.SetTag(DograhTelemetry.DeliveryId, ids.Length == 1 ? ids[0] : ids);
            if (outcomes.Count == 1) activity.SetTag(DograhTelemetry.WorkflowRunId, outcomes[0].Id);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Header '{Header}' of node {NodeId} looks like a secret: run {RunId} is delivered without it. Use a credential.")]
    private static partial void LogDropped(ILogger logger, string header, string nodeId, long runId);

    [LoggerMessage(2, LogLevel.Warning, "Node {NodeId} cannot be sent for run {RunId}: {Fault}.")]
    private static partial void LogInvalid(ILogger logger, string nodeId, long runId, [FailureText] string fault);
}

/// <summary>What was taken in.</summary>
/// <param name="Outcomes">The answer for each run.</param>
/// <param name="Created">The deliveries to schedule once it is committed.</param>
/// <param name="IsRepeated">True if the run had been completed, or taken in, before.</param>
/// <param name="CompletingSpan">The span that scheduling belongs to.</param>
public sealed record Intake(IReadOnlyList<RunOutcome> Outcomes, IReadOnlyList<DueDelivery> Created, bool IsRepeated, ActivityContext CompletingSpan)
{
    /// <summary>What was answered first under the key that the run came with; null if nothing was, and the run is stored.</summary>
    public IdempotentAnswer? First { get; init; }

    /// <summary>For each run that was brought, why it was not stored; null where it was.</summary>
    public IReadOnlyList<QuotaExceededException?> Refusals { get; init; } = [];
}
