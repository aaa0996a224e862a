using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Api.Workflows;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Rendering;
using Dograh.Webhooks.Runs;
using Dograh.Webhooks.Workflows;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Rehearsing;

/// <summary>Prepares a completion that is only looked at or tried: of a saved workflow or a draft, for a call that the request tells or a past run's.</summary>
internal sealed class Rehearsal(TenantDbContext database, DefinitionCheck check)
{
    /// <summary>Finds the nodes and what they are rendered for.</summary>
    /// <param name="caller">Whose workflow it is.</param>
    /// <param name="workflowId">The workflow; null for one that is not saved yet.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="faults">Where what is wrong with it goes; whoever calls throws them.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ApiProblemException">The call makes no sense (422), there is no such workflow (404), or the key may not look at runs (403).</exception>
    public async Task<Rehearsed> PrepareAsync(Caller caller, long? workflowId, RehearsalRequest request, Faults faults, CancellationToken cancellationToken)
    {
        var fields = request.ToFields(faults);
        var completion = request.ToCompletion(faults);
        faults.CheckText("workflow_name", request.WorkflowName);
        faults.ThrowIfAny();

        var saved = workflowId is { } id
            ? await FindAsync(caller, id, cancellationToken) ?? throw ApiProblemException.NotFound("workflow")
            : new Saved("", "", await database.Database.SqlQuery<DateTimeOffset>($"SELECT now() AS \"Value\"").SingleAsync(cancellationToken));
        var nodes = await ReadNodesAsync(caller, workflowId, saved, request, faults, cancellationToken);
        var name = request.WorkflowName ?? saved.Name;
        if (request.WorkflowRunId is not { } runId)
        {
            return new Rehearsed(nodes, 0, RunContext.Build(0, fields, workflowId ?? 0, name, saved.Now, completion, saved.Now));
        }

        caller.Demand(ApiKeyScope.RunsRead, "workflow_run_id");
        var run = await database.WorkflowRuns.AsNoTracking()
            .SingleOrDefaultAsync(x => x.OrganizationId == caller.OrganizationId && x.Id == runId && (workflowId == null || x.WorkflowId == workflowId), cancellationToken);
        if (run is null) faults.Add("workflow_run_id", $"there is no run {runId}{(workflowId is null ? "" : " of this workflow")}");
        return new Rehearsed(nodes, runId, run is null ? null : PastRuns.ContextOf(run, name, saved.Now));
    }

    private async Task<IReadOnlyList<WebhookNode>> ReadNodesAsync(
        Caller caller, long? workflowId, Saved saved, RehearsalRequest request, Faults faults, CancellationToken cancellationToken)
    {
        if (!request.HasDraft)
        {
            if (workflowId is not null) return WebhookNode.ReadAll(JsonElement.Parse(saved.Definition));
            faults.Add("/workflow_definition", "is required");
            return [];
        }

        var draft = await check.CheckAsync(caller, request.WorkflowDefinition, faults, cancellationToken);
        // As it would be stored: the values of secret-looking headers are gone.
        return faults.Found.Count == 0 ? WebhookNode.ReadAll(JsonElement.Parse(draft.Definition)) : [];
    }

    private Task<Saved?> FindAsync(Caller caller, long id, CancellationToken cancellationToken) =>
        (from workflow in database.Workflows
         join version in database.WorkflowDefinitions
             on new { workflow.OrganizationId, WorkflowId = workflow.Id, workflow.Version }
             equals new { version.OrganizationId, version.WorkflowId, version.Version }
         where workflow.OrganizationId == caller.OrganizationId && workflow.Id == id
         select new Saved(workflow.Name, version.Definition, DatabaseFunctions.Now())).SingleOrDefaultAsync(cancellationToken);

    private sealed record Saved(string Name, string Definition, DateTimeOffset Now);
}

/// <summary>What is rendered, and for which call.</summary>
/// <param name="Nodes">The webhook nodes; none where the draft is at fault.</param>
/// <param name="RunId">The past run; 0 where there is none.</param>
/// <param name="Call">The call's values; null where there is no such run.</param>
internal sealed record Rehearsed(IReadOnlyList<WebhookNode> Nodes, long RunId, RenderContext? Call)
{
    /// <summary>The call's values, of a rehearsal without faults.</summary>
    public RenderContext Context => Call ?? throw new InvalidOperationException("The faults of this rehearsal were not thrown.");
}
