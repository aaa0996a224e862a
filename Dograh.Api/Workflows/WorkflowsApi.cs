using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Quotas;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Workflows;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Workflows;

/// <summary>Workflows and their versions. Saving checks the webhook nodes.</summary>
internal static class WorkflowsApi
{
    private const string DefinitionPointer = "/workflow_definition";

    public static void MapWorkflows(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/workflows").WithTags("Workflows").RequireAuthorization(Policies.Organization);
        group.MapPost("", CreateWorkflow).RequireScope(ApiKeyScope.WorkflowsWrite).WithName("CreateWorkflow").WithSummary("Save a workflow as version 1")
            .Produces<WorkflowView>(StatusCodes.Status201Created);
        group.MapPut("/{id:long}", UpdateWorkflow).RequireScope(ApiKeyScope.WorkflowsWrite).WithName("UpdateWorkflow").WithSummary("Save a workflow's next version; earlier runs keep theirs");
        group.MapGet("", ListWorkflows).RequireScope(ApiKeyScope.WorkflowsRead).WithName("ListWorkflows").WithSummary("List workflows")
            .WithMetadata(new ListParameters());
        group.MapGet("/{id:long}", GetWorkflow).RequireScope(ApiKeyScope.WorkflowsRead).WithName("GetWorkflow").WithSummary("Get a workflow's current version");
    }

    private static Task<IResult> CreateWorkflow(Caller caller, JsonBody<WorkflowRequest> body, IdempotentRequest idempotent, EgressGuard guard, IOptions<QuotaOptions> quotas, AuditLog audit) =>
        idempotent.RunAsync(caller, body.Bytes, async (database, _, cancellationToken) =>
        {
            var (name, definition) = await CheckAsync(caller, body.Value, database, guard, quotas.Value, cancellationToken);
            var workflow = new Workflow { OrganizationId = caller.OrganizationId, Name = name, Version = 1 };
            database.Workflows.Add(workflow);
            await database.SaveChangesAsync(cancellationToken);
            var version = AddVersion(database, workflow, definition);
            await audit.WriteAsync(
                database, caller.OrganizationId, AuditAction.WorkflowCreated, $"{workflow.Id}", new { workflow.Name, workflow.Version }, cancellationToken);
            return new Answer(StatusCodes.Status201Created, WorkflowView.Of(workflow, version, definition.Warnings));
        });

    private static async Task<Ok<WorkflowView>> UpdateWorkflow(
        Caller caller, long id, JsonBody<WorkflowRequest> body, TenantDbContext database, EgressGuard guard, IOptions<QuotaOptions> quotas,
        AuditLog audit, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        // Locked: of two that save at once, one makes this version and the other the next.
        var workflow = await database.Workflows
            .FromSql($"SELECT * FROM workflows WHERE organization_id = {caller.OrganizationId} AND id = {id} FOR UPDATE")
            .SingleOrDefaultAsync(cancellationToken) ?? throw ApiProblemException.NotFound("workflow");
        var (name, definition) = await CheckAsync(caller, body.Value, database, guard, quotas.Value, cancellationToken);
        workflow.Name = name;
        workflow.Version++;
        var version = AddVersion(database, workflow, definition);
        await audit.WriteAsync(database, caller.OrganizationId, AuditAction.WorkflowUpdated, $"{id}", new { workflow.Name, workflow.Version }, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
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

    private static async Task<Ok<WorkflowView>> GetWorkflow(Caller caller, long id, TenantDbContext database, CancellationToken cancellationToken)
    {
        var query = database.Workflows.AsNoTracking().Where(x => x.OrganizationId == caller.OrganizationId && x.Id == id);
        var row = await WithCurrentVersion(query, database).SingleOrDefaultAsync(cancellationToken) ?? throw ApiProblemException.NotFound("workflow");
        return TypedResults.Ok(WorkflowView.Of(row.Workflow, row.Version, warnings: null));
    }

    private static IQueryable<CurrentVersion> WithCurrentVersion(IQueryable<Workflow> workflows, DograhDbContext database) =>
        from workflow in workflows
        join version in database.WorkflowDefinitions
            on new { workflow.OrganizationId, WorkflowId = workflow.Id, workflow.Version }
            equals new { version.OrganizationId, version.WorkflowId, version.Version }
        select new CurrentVersion { Workflow = workflow, Version = version };

    private static async Task<(string Name, CheckedDefinition Definition)> CheckAsync(
        Caller caller, WorkflowRequest request, DograhDbContext database, EgressGuard guard, QuotaOptions quotas, CancellationToken cancellationToken)
    {
        var faults = new Faults();
        var name = faults.RequireText("name", request.Name);
        var definition = DefinitionChecker.Check(request.WorkflowDefinition, DefinitionPointer, guard);
        faults.Add(definition.Faults);

        var named = definition.Credentials.Select(credential => credential.Uuid).ToList();
        var known = await database.ExternalCredentials
            .Where(x => x.OrganizationId == caller.OrganizationId && x.IsActive && named.Contains(x.Uuid))
            .Select(x => new { x.Uuid, x.CredentialType }).ToDictionaryAsync(x => x.Uuid, x => x.CredentialType, cancellationToken);
        foreach (var (pointer, uuid, isSentPlain) in definition.Credentials)
        {
            if (!known.TryGetValue(uuid, out var type)) faults.Add(pointer, $"there is no credential {uuid:D}");
            else if (type == CredentialType.Mtls && isSentPlain) faults.Add(pointer, DeliverySender.NoCertificate);
        }

        var own = await database.OrganizationQuotas.AsNoTracking().SingleOrDefaultAsync(x => x.OrganizationId == caller.OrganizationId, cancellationToken);
        if (QuotaLimits.Of(own, quotas).WebhookNodes is > 0 and var most && CountWebhooks(request.WorkflowDefinition) is var count && count > most)
        {
            faults.Add($"{DefinitionPointer}/nodes", $"must hold at most {most} webhook nodes (the organization's quota {QuotaMeter.WebhookNodes}), and holds {count}");
        }

        faults.ThrowIfAny();
        return (name, definition);
    }

    private static int CountWebhooks(JsonElement definition) =>
        definition.ValueKind == JsonValueKind.Object && definition.TryGetProperty("nodes", out var nodes) && nodes.ValueKind == JsonValueKind.Array
            ? nodes.EnumerateArray().Count(node => node.ValueKind == JsonValueKind.Object && node.TryGetProperty("type", out var type)
                && type.ValueKind == JsonValueKind.String && type.ValueEquals(WebhookNode.NodeType))
            : 0;

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
internal sealed record WorkflowView(
    long Id, string Name, int Version, JsonElement WorkflowDefinition, DateTimeOffset CreatedAt, IReadOnlyList<string> Warnings)
{
    public static WorkflowView Of(Workflow workflow, WorkflowDefinition version, IReadOnlyList<string>? warnings) =>
        new(workflow.Id, workflow.Name, version.Version, JsonElement.Parse(version.Definition), workflow.CreatedAt, warnings ?? []);
}
