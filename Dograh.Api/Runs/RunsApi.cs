using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Idempotency;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Runs;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Runs;

/// <summary>Runs: starting one, completing one, and taking in completed ones.</summary>
internal static class RunsApi
{
    public static void MapRuns(this IEndpointRouteBuilder routes)
    {
        var workflow = routes.MapGroup("/workflows/{id:long}").WithTags("Runs").RequireAuthorization(Policies.Organization);
        workflow.MapPost("/runs", StartRun).RequireScope(ApiKeyScope.RunsWrite).WithName("StartRun").WithSummary("Start a run, pinned to the workflow's current version")
            .Produces<StartedRunView>(StatusCodes.Status201Created);
        workflow.MapPost("/completed-runs", StoreCompletedRun).RequireScope(ApiKeyScope.RunsWrite).WithName("StoreCompletedRun").WithSummary("Take in a completed run in one request")
            .Produces<RunOutcome>(StatusCodes.Status202Accepted).WithMetadata(new KeyCheckedWithWork());
        workflow.MapPost("/completed-runs/batch", CompletedRunsBatch.Store).RequireScope(ApiKeyScope.RunsWrite).WithName("StoreCompletedRuns").WithSummary("Take in up to 500 completed runs")
            .Produces<BatchView>(StatusCodes.Status207MultiStatus);
        workflow.MapGet("/runs", ListRuns).RequireScope(ApiKeyScope.RunsRead).WithName("ListRuns").WithSummary("List a workflow's runs")
            .WithMetadata(new ListParameters());

        var runs = routes.MapGroup("/workflow-runs/{id:long}").WithTags("Runs").RequireAuthorization(Policies.Organization);
        runs.MapPost("/complete", CompleteRun).RequireScope(ApiKeyScope.RunsWrite).WithName("CompleteRun").WithSummary("Complete a run: its webhooks are rendered and stored with it")
            .Produces<RunOutcome>(StatusCodes.Status202Accepted).Produces<RunOutcome>();
        runs.MapGet("", GetRun).RequireScope(ApiKeyScope.RunsRead).WithName("GetRun").WithSummary("Get a run with its deliveries");
    }

    private static Task<IResult> StartRun(Caller caller, long id, JsonBody<StartRequest> body, IdempotentRequest idempotent)
    {
        var faults = new Faults();
        var fields = body.Value.ToFields(faults);
        faults.ThrowIfAny();
        return idempotent.RunAsync(caller, body.Bytes, async (database, _, cancellationToken) =>
        {
            var version = await database.Workflows.Where(x => x.OrganizationId == caller.OrganizationId && x.Id == id)
                .Select(x => (int?)x.Version).SingleOrDefaultAsync(cancellationToken) ?? throw ApiProblemException.NotFound("workflow");
            var run = new WorkflowRun
            {
                OrganizationId = caller.OrganizationId,
                WorkflowId = id,
                Version = version,
                Name = fields.Name,
                CampaignId = Webhooks.Data.Sql.JsonColumn.Of(fields.CampaignId),
                InitialContext = Webhooks.Data.Sql.JsonColumn.Of(fields.InitialContext),
                Status = RunStatus.Running,
            };
            database.WorkflowRuns.Add(run);
            await database.SaveChangesAsync(cancellationToken);
            return new Answer(StatusCodes.Status201Created, new StartedRunView(run.Id, run.WorkflowId, run.Version, run.Name, run.Status, run.CreatedAt));
        });
    }

    private static async Task<Ok<Page<RunSummary>>> ListRuns(Caller caller, long id, HttpRequest request, TenantDbContext database, CancellationToken cancellationToken)
    {
        var page = PageRequest.Read(request);
        if (!await database.Workflows.AnyAsync(x => x.OrganizationId == caller.OrganizationId && x.Id == id, cancellationToken)) throw ApiProblemException.NotFound("workflow");
        var rows = await NewestFirst(database, caller, id, page).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, x => (x.CreatedAt, x.Id), x => x));
    }

    /// <summary>A page of a workflow's runs, and one more. Ids grow with time, so that a shorter index than one by time serves.</summary>
    internal static IQueryable<RunSummary> NewestFirst(DograhDbContext database, Caller caller, long workflow, PageRequest page)
    {
        var query = database.WorkflowRuns.AsNoTracking().Where(x => x.OrganizationId == caller.OrganizationId && x.WorkflowId == workflow);
        if (!page.IsFirst)
        {
            var last = page.IdAsNumber;
            query = query.Where(x => x.Id < last);
        }

        return query.OrderByDescending(x => x.Id).Take(page.Limit + 1)
            .Select(x => new RunSummary(x.Id, x.Name, x.Version, x.Status, x.CreatedAt, x.CompletedAt));
    }

    private static Task<IResult> CompleteRun(Caller caller, long id, JsonBody<CompletionRequest> body, IdempotentRequest idempotent, RunIntake intake)
    {
        var faults = new Faults();
        var completion = body.Value.ToCompletion(faults);
        faults.ThrowIfAny();
        return idempotent.RunAsync(caller, body.Bytes, async (_, connection, cancellationToken) =>
        {
            var taken = await intake.CompleteAsync(connection, caller.OrganizationId, id, completion, cancellationToken)
                ?? throw ApiProblemException.NotFound("run");
            var status = taken.IsRepeated ? StatusCodes.Status200OK : StatusCodes.Status202Accepted;
            return new Answer(status, taken.Outcomes[0], () => intake.ScheduleAsync(taken));
        });
    }

    private static async Task<IResult> StoreCompletedRun(Caller caller, long id, JsonBody<RunRequest> body, HttpContext context, RunIntake intake)
    {
        var faults = new Faults();
        var fields = body.Value.ToFields(faults);
        var completion = body.Value.ToCompletion(faults);
        faults.ThrowIfAny();
        // The operator's key is not in the table that a group's keys are looked up in.
        if (context.Features.Get<CallerKey>() is { } key)
        {
            // Nothing but its own rows to commit: it shares a transaction with others.
            var request = IdempotentRequest.ReadKey(context.Request, caller, body.Bytes);
            var runKey = request is null
                ? null
                : new RunKey(request, outcome => new KeptAnswer(request, StatusCodes.Status202Accepted, JsonSerializer.Serialize(outcome, ApiJson.Options)));
            var stored = await intake.StoreCompletedAsync(
                new CompletedRun(caller.OrganizationId, key.Hash, id, fields, completion, body.Bytes.Length) { Key = runKey })
                ?? throw ApiProblemException.NotFound("workflow");
            if (stored.First is { } first) return IdempotentRequest.Repeat(context, request!, first);
            _ = intake.ScheduleAsync(stored);
            return IdempotentRequest.Answer(StatusCodes.Status202Accepted, stored.Outcomes[0]);
        }

        return await context.RequestServices.GetRequiredService<IdempotentRequest>().RunAsync(caller, body.Bytes, async (_, connection, cancellationToken) =>
        {
            var taken = await intake.StoreCompletedAsync(connection, caller.OrganizationId, id, [(fields, completion)], cancellationToken)
                ?? throw ApiProblemException.NotFound("workflow");
            if (taken.Refusals[0] is { } exceeded) throw exceeded;
            return new Answer(StatusCodes.Status202Accepted, taken.Outcomes[0], () => intake.ScheduleAsync(taken));
        });
    }

    private static async Task<Ok<RunView>> GetRun(Caller caller, long id, TenantDbContext database, CancellationToken cancellationToken)
    {
        var run = await database.WorkflowRuns.AsNoTracking()
            .SingleOrDefaultAsync(x => x.OrganizationId == caller.OrganizationId && x.Id == id, cancellationToken) ?? throw ApiProblemException.NotFound("run");
        var deliveries = await database.WebhookDeliveries.AsNoTracking()
            .Where(x => x.OrganizationId == caller.OrganizationId && x.WorkflowRunId == id).OrderBy(x => x.Id)
            .Select(x => new RunDeliveryView(x.DeliveryUuid, x.WebhookNodeId, x.Status)).ToListAsync(cancellationToken);
        return TypedResults.Ok(RunView.Of(run, deliveries));
    }
}
