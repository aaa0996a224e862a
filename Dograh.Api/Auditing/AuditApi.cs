using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Organizations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Auditing;

/// <summary>An organization's audit log, to be read and nothing else.</summary>
internal static class AuditApi
{
    public static void MapAudit(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/audit", ListEvents).WithTags("Audit").RequireAuthorization(Policies.Organization).RequireScope(ApiKeyScope.AuditRead)
            .WithName("ListAuditEvents").WithSummary("List who did what to keys, secrets, workflows and deliveries").WithMetadata(new ListParameters(AuditFilter.Names));

    private static async Task<Ok<Page<AuditEventView>>> ListEvents(
        Caller caller, HttpRequest request, TenantDbContext database, CancellationToken cancellationToken)
    {
        var page = PageRequest.Read(request);
        var query = AuditFilter.Read(request).Apply(database.AuditEvents.AsNoTracking().Where(x => x.OrganizationId == caller.OrganizationId));
        if (!page.IsFirst)
        {
            var last = (page.CreatedAt, Id: page.IdAsUuid);
            query = query.Where(x => EF.Functions.LessThan(ValueTuple.Create(x.CreatedAt, x.Id), ValueTuple.Create(last.CreatedAt, last.Id)));
        }

        var rows = await query.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Id).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, x => (x.CreatedAt, x.Id), AuditEventView.Of));
    }
}

/// <summary>Something that was done.</summary>
internal sealed record AuditEventView(
    Guid Id, DateTimeOffset CreatedAt, string Action, ActorView Actor, string ResourceType, string? ResourceId, string? ClientAddress, string? TraceId, JsonElement Details)
{
    public static AuditEventView Of(AuditEvent x) => new(
        x.Id, x.CreatedAt, x.Action, new ActorView(x.Actor, x.ApiKeyId, x.ApiKeyPrefix), x.ResourceType, x.ResourceId, x.ClientAddress, x.TraceId,
        JsonElement.Parse(x.Details));
}

/// <summary>Who did it.</summary>
/// <param name="Kind">One of <see cref="AuditActor"/>.</param>
/// <param name="KeyId">The API key's id; null for the operator.</param>
/// <param name="KeyPrefix">The API key's first characters.</param>
internal sealed record ActorView(string Kind, Guid? KeyId, string? KeyPrefix);
