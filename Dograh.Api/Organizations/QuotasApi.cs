using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Quotas;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Organizations;

/// <summary>The operator's paths: what an organization is allowed.</summary>
internal static class QuotasApi
{
    public static void MapQuotas(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/organizations/{id:long}/quotas").WithTags("Organizations").RequireAuthorization(Policies.Admin);
        group.MapGet("", GetQuotas).WithName("GetQuotas").WithSummary("Get what was set for an organization, and what holds for it");
        group.MapPut("", SetQuotas).WithName("SetQuotas").WithSummary("Set an organization's quotas; what is not given is the settings', 0 is no quota");
    }

    private static async Task<Ok<QuotasView>> GetQuotas(long id, DograhDbContext database, IOptions<QuotaOptions> defaults, CancellationToken cancellationToken)
    {
        await FindAsync(id, database, cancellationToken);
        var own = await ReadAsync(id, database, cancellationToken);
        return TypedResults.Ok(QuotasView.Of(own, defaults.Value));
    }

    private static async Task<Ok<QuotasView>> SetQuotas(
        long id, JsonBody<QuotasRequest> body, DograhDbContext database, IOptions<QuotaOptions> defaults, AuditLog audit, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await FindAsync(id, database, cancellationToken);
        var request = body.Value;
        var faults = new Faults();
        var own = new OrganizationQuotas
        {
            OrganizationId = id,
            DeliveriesPerMinute = Read(faults, QuotaMeter.DeliveriesPerMinute, request.DeliveriesPerMinute),
            PendingDeliveries = Read(faults, QuotaMeter.PendingDeliveries, request.PendingDeliveries),
            PayloadBytes = Read(faults, QuotaMeter.PayloadBytes, request.PayloadBytes),
            WebhookNodes = Read(faults, QuotaMeter.WebhookNodes, request.WebhookNodes),
        };
        faults.ThrowIfAny();

        var before = await ReadAsync(id, database, cancellationToken);
        await database.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO organization_quotas (organization_id, deliveries_per_minute, pending_deliveries, payload_bytes, webhook_nodes)
            VALUES ({id}, {own.DeliveriesPerMinute}, {own.PendingDeliveries}, {own.PayloadBytes}, {own.WebhookNodes})
            ON CONFLICT (organization_id) DO UPDATE
                SET deliveries_per_minute = EXCLUDED.deliveries_per_minute, pending_deliveries = EXCLUDED.pending_deliveries, payload_bytes = EXCLUDED.payload_bytes,
                    webhook_nodes = EXCLUDED.webhook_nodes, updated_at = now()
            """,
            cancellationToken);
        await audit.WriteAsync(
            database, id, AuditAction.QuotasUpdated, $"{id}", new { Before = Numbers(before), After = Numbers(own) }, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return TypedResults.Ok(QuotasView.Of(own, defaults.Value));
    }

    private static async Task FindAsync(long id, DograhDbContext database, CancellationToken cancellationToken)
    {
        if (!await database.Organizations.AnyAsync(x => x.Id == id, cancellationToken)) throw ApiProblemException.NotFound("organization");
    }

    private static Task<OrganizationQuotas?> ReadAsync(long id, DograhDbContext database, CancellationToken cancellationToken) =>
        database.OrganizationQuotas.AsNoTracking().SingleOrDefaultAsync(x => x.OrganizationId == id, cancellationToken);

    private static int? Read(Faults faults, string field, JsonElement value)
    {
        if (value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 0) return number;
        faults.Add(field, $"must be a whole number from 0 to {int.MaxValue}, or null");
        return null;
    }

    private static object? Numbers(OrganizationQuotas? own) =>
        own is null ? null : new { own.DeliveriesPerMinute, own.PendingDeliveries, own.PayloadBytes, own.WebhookNodes };
}

/// <summary>Quotas to set. Of each: null or nothing for the settings', 0 for none.</summary>
internal sealed record QuotasRequest(JsonElement DeliveriesPerMinute, JsonElement PendingDeliveries, JsonElement PayloadBytes, JsonElement WebhookNodes);

/// <summary>An organization's quotas: what was set for it, null where the settings hold; and what holds, 0 where nothing does.</summary>
internal sealed record QuotasView(int? DeliveriesPerMinute, int? PendingDeliveries, int? PayloadBytes, int? WebhookNodes, QuotaLimits Effective)
{
    public static QuotasView Of(OrganizationQuotas? own, QuotaOptions defaults) => new(
        own?.DeliveriesPerMinute, own?.PendingDeliveries, own?.PayloadBytes, own?.WebhookNodes, QuotaLimits.Of(own, defaults));
}
