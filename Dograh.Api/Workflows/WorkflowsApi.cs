using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Workflows;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Workflows;

/// <summary>Workflows and their versions. Saving checks the webhook nodes.</summary>
internal static class WorkflowsApi
{
    public static void MapWorkflows(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/workflows").WithTags("Workflows").RequireAuthorization(Policies.Organization);
        group.MapPost("", CreateWorkflow).RequireScope(ApiKeyScope.WorkflowsWrite).WithName("CreateWorkflow").WithSummary("Save a workflow as version 1")
            .Produces<WorkflowView>(StatusCodes.Status201Created);
        group.MapPut("/{id:long}", UpdateWorkflow).RequireScope(ApiKeyScope.WorkflowsWrite).WithName("UpdateWorkflow").WithSummary("Save a workflow's next version; earlier runs keep theirs")
            .WithMetadata(new ConditionalOnVersion());
        group.MapGet("", ListWorkflows).RequireScope(ApiKeyScope.WorkflowsRead).WithName("ListWorkflows").WithSummary("List workflows")
            .WithMetadata(new ListParameters());
        group.MapGet("/{id:long}", GetWorkflow).RequireScope(ApiKeyScope.WorkflowsRead).WithName("GetWorkflow").WithSummary("Get a workflow's current version");
        group.MapPost("/validate", ValidateWorkflow).RequireScope(ApiKeyScope.WorkflowsWrite).WithName("ValidateWorkflow").WithSummary("Say what saving a workflow would say; saves nothing")
            .WithMetadata(new NotIdempotent());
    }

    private static Task<IResult> CreateWorkflow(Caller caller, JsonBody<WorkflowRequest> body, IdempotentRequest idempotent, DefinitionCheck check, AuditLog audit) =>
        idempotent.RunAsync(caller, body.Bytes, async (database, _, cancellationToken) =>
        {
            var (name, definition) = await CheckAsync(caller, body.Value, check, cancellationToken);
            var workflow = new Workflow { OrganizationId = caller.OrganizationId, Name = name, Version = 1 };
            database.Workflows.Add(workflow);
            await database.SaveChangesAsync(cancellationToken);
            var version = AddVersion(database, workflow, definition);
            await audit.WriteAsync(
                database, caller.OrganizationId, AuditAction.WorkflowCreated, $"{workflow.Id}", new { workflow.Name, workflow.Version }, cancellationToken);
            return new Answer(StatusCodes.Status201Created, WorkflowView.Of(workflow, version, definition.Warnings));
        });

    private static async Task<Ok<WorkflowView>> UpdateWorkflow(
        Caller caller, long id, JsonBody<WorkflowRequest> body, HttpContext context, TenantDbContext database, DefinitionCheck check, AuditLog audit,
        CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        // Locked: of two that save at once, one makes this version and the other the next.
        var workflow = await database.Workflows
            .FromSql($"SELECT * FROM workflows WHERE organization_id = {caller.OrganizationId} AND id = {id} FOR UPDATE")
            .SingleOrDefaultAsync(cancellationToken) ?? throw ApiProblemException.NotFound("workflow");
        ConditionalOnVersion.Demand(context.Request, workflow.Version);
        var (name, definition) = await CheckAsync(caller, body.Value, check, cancellationToken);
        workflow.Name = name;
        workflow.Version++;
        var version = AddVersion(database, workflow, definition);
        await audit.WriteAsync(database, caller.OrganizationId, AuditAction.WorkflowUpdated, $"{id}", new { workflow.Name, workflow.Version }, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        ConditionalOnVersion.Tag(context.Response, workflow.Version);
        return TypedResults.Ok(WorkflowView.Of(workflow, version, definition.Warnings));
    }

    private static async Task<Ok<Page<WorkflowView>>> ListWorkflows(
        Caller caller, HttpRequest request, TenantDbContext database, CancellationToken cancellationToken)
    {
        var page = PageRequest.Read(request);
        var query = database.Workflows.AsNoTracking().Where(x => x.OrganizationId == caller.OrganizationId);
        if (!page.IsFirst)
        {
            var last = (page.CreatedAt, Id: page.IdAsNumber);
            query = query.Where(x => EF.Functions.LessThan(ValueTuple.Create(x.CreatedAt, x.Id), ValueTuple.Create(last.CreatedAt, last.Id)));
        }

        var rows = await WithCurrentVersion(query.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Id).Take(page.Limit + 1), database)
            .OrderByDescending(x => x.Workflow.CreatedAt).ThenByDescending(x => x.Workflow.Id)
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, x => (x.Workflow.CreatedAt, x.Workflow.Id), x => WorkflowView.Of(x.Workflow, x.Version, warnings: null)));
    }

    private static async Task<Ok<WorkflowView>> GetWorkflow(
        Caller caller, long id, HttpContext context, TenantDbContext database, CancellationToken cancellationToken)
    {
        var query = database.Workflows.AsNoTracking().Where(x => x.OrganizationId == caller.OrganizationId && x.Id == id);
        var row = await WithCurrentVersion(query, database).SingleOrDefaultAsync(cancellationToken) ?? throw ApiProblemException.NotFound("workflow");
        ConditionalOnVersion.Tag(context.Response, row.Version.Version);
        return TypedResults.Ok(WorkflowView.Of(row.Workflow, row.Version, warnings: null));
    }

    private static async Task<Ok<ValidationView>> ValidateWorkflow(
        Caller caller, JsonBody<WorkflowRequest> body, DefinitionCheck check, CancellationToken cancellationToken)
    {
        var faults = new Faults();
        // Whoever asks about a definition alone need not have thought of a name yet.
        if (body.Element.TryGetProperty("name", out _)) faults.RequireText("name", body.Value.Name);
        var definition = await check.CheckAsync(caller, body.Value.WorkflowDefinition, faults, cancellationToken);
        return TypedResults.Ok(new ValidationView(faults.Found.Count == 0, faults.Found, definition.Warnings));
    }

    private static IQueryable<CurrentVersion> WithCurrentVersion(IQueryable<Workflow> workflows, DograhDbContext database) =>
        from workflow in workflows
        join version in database.WorkflowDefinitions
            on new { workflow.OrganizationId, WorkflowId = workflow.Id, workflow.Version }
            equals new { version.OrganizationId, version.WorkflowId, version.Version }
        select new CurrentVersion { Workflow = workflow, Version = version };

    private static async Task<(string Name, CheckedDefinition Definition)> CheckAsync(
        Caller caller, WorkflowRequest request, DefinitionCheck check, CancellationToken cancellationToken)
    {
        var faults = new Faults();
        var name = faults.RequireText("name", request.Name);
        var definition = await check.CheckAsync(caller, request.WorkflowDefinition, faults, cancellationToken);
        faults.ThrowIfAny();
        return (name, definition);
    }

    private static WorkflowDefinition AddVersion(DograhDbContext database, Workflow workflow, CheckedDefinition definition)
    {
        var version = new WorkflowDefinition
        {
            OrganizationId = workflow.OrganizationId,
            WorkflowId = workflow.Id,
            Version = workflow.Version,
            Definition = definition.Definition,
        };
        database.WorkflowDefinitions.Add(version);
        return version;
    }

    private sealed class CurrentVersion
    {
        public required Workflow Workflow { get; init; }

        public required WorkflowDefinition Version { get; init; }
    }
}

/// <summary>A workflow to save.</summary>
internal sealed record WorkflowRequest(string? Name, JsonElement WorkflowDefinition);

/// <summary>A workflow in one version; with warnings where it was just saved.</summary>
/// <param name="Id">The workflow.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">The version, counting from 1.</param>
/// <param name="WorkflowDefinition">The graph.</param>
/// <param name="CreatedAt">When the workflow was first saved.</param>
/// <param name="UpdatedAt">When this version was.</param>
/// <param name="Warnings">What its owner should know of what was just saved.</param>
internal sealed record WorkflowView(
    long Id, string Name, int Version, JsonElement WorkflowDefinition, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, IReadOnlyList<string> Warnings)
{
    public static WorkflowView Of(Workflow workflow, WorkflowDefinition version, IReadOnlyList<string>? warnings) =>
        new(workflow.Id, workflow.Name, version.Version, JsonElement.Parse(version.Definition), workflow.CreatedAt, version.CreatedAt, warnings ?? []);
}

/// <summary>What saving would say.</summary>
/// <param name="IsValid">Whether it would be saved.</param>
/// <param name="Errors">What forbids it, by field or JSON pointer.</param>
/// <param name="Warnings">What its owner should know.</param>
internal sealed record ValidationView(bool IsValid, IReadOnlyDictionary<string, string[]> Errors, IReadOnlyList<string> Warnings);
