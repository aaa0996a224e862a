using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Rendering;
using Dograh.Webhooks.Runs;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Rehearsing;

/// <summary>The names that templates may use.</summary>
internal static class WorkflowVariables
{
    // The latest ones say what calls hold these days; each may be as large as a request's body.
    private const int MaxRuns = 5;

    // A time that shows how times are written.
    private static readonly DateTimeOffset SomeTime = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    public static async Task<Ok<ContextVariablesView>> OfWorkflow(Caller caller, long id, TenantDbContext database, CancellationToken cancellationToken)
    {
        var workflow = await database.Workflows.AsNoTracking()
            .SingleOrDefaultAsync(x => x.OrganizationId == caller.OrganizationId && x.Id == id, cancellationToken) ?? throw ApiProblemException.NotFound("workflow");
        var runs = await database.WorkflowRuns.AsNoTracking().Where(x => x.OrganizationId == caller.OrganizationId && x.WorkflowId == id)
            .OrderByDescending(x => x.Id).Take(MaxRuns).ToListAsync(cancellationToken);
        return View([.. runs.Select(run => PastRuns.ContextOf(run, workflow.Name, run.CreatedAt)), Empty(id, workflow.Name)]);
    }

    public static Ok<ContextVariablesView> OfAny(Caller caller)
    {
        _ = caller;
        return View([Empty(0, "")]);
    }

    // What every run has, whatever it holds.
    private static RenderContext Empty(long workflow, string name) => PastRuns.ContextOf(
        new WorkflowRun { WorkflowId = workflow, Status = RunStatus.Completed, CreatedAt = SomeTime }, name, SomeTime);

    private static Ok<ContextVariablesView> View(IReadOnlyList<RenderContext> contexts) => TypedResults.Ok(new ContextVariablesView(ContextVariables.Of(contexts)));
}

/// <summary>The names that templates may use.</summary>
internal sealed record ContextVariablesView(IReadOnlyList<ContextVariable> Variables);
