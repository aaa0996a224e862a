using Dograh.Api.Access;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Quotas;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Dograh.Api.Organizations;

/// <summary>What an organization is allowed, and how much of it is used, for itself to see.</summary>
internal static class OwnQuotasApi
{
    public static void MapOwnQuotas(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/quotas", GetOwnQuotas).WithTags("Organizations").RequireAuthorization(Policies.Organization).RequireScope(ApiKeyScope.DeliveriesRead)
            .WithName("GetOwnQuotas").WithSummary("Get the quotas that hold for the organization, and how much of them is used");

    private static async Task<Ok<OwnQuotasView>> GetOwnQuotas(Caller caller, TenantDbContext database, IOptions<QuotaOptions> defaults, CancellationToken cancellationToken)
    {
        await database.Database.OpenConnectionAsync(cancellationToken);
        var own = await database.OrganizationQuotas.AsNoTracking().SingleOrDefaultAsync(x => x.OrganizationId == caller.OrganizationId, cancellationToken);
        var limits = QuotaLimits.Of(own, defaults.Value);
        var use = await QuotaUse.ReadAsync((NpgsqlConnection)database.Database.GetDbConnection(), caller.OrganizationId, limits);
        return TypedResults.Ok(new OwnQuotasView(
            QuotaUseView.Of(limits.DeliveriesPerMinute, use.DeliveriesPerMinute), QuotaUseView.Of(limits.PendingDeliveries, use.PendingDeliveries),
            QuotaUseView.Of(limits.PayloadBytes), QuotaUseView.Of(limits.WebhookNodes)));
    }
}

/// <summary>The quotas that hold for an organization.</summary>
/// <param name="DeliveriesPerMinute">Deliveries that are created in any minute.</param>
/// <param name="PendingDeliveries">Deliveries that are pending at a time.</param>
/// <param name="PayloadBytes">Bytes of a delivery's payload.</param>
/// <param name="WebhookNodes">Webhook nodes of a workflow.</param>
internal sealed record OwnQuotasView(QuotaUseView DeliveriesPerMinute, QuotaUseView PendingDeliveries, QuotaUseView PayloadBytes, QuotaUseView WebhookNodes);

/// <summary>A quota.</summary>
/// <param name="Limit">What is allowed; null for as much as it likes.</param>
/// <param name="Used">How much of it is used just now, counted no further than to the limit; null where there is none, or where each thing is held against it by itself.</param>
internal sealed record QuotaUseView(int? Limit, long? Used)
{
    public static QuotaUseView Of(int limit, long? used = null) => limit == 0 ? new QuotaUseView(null, null) : new QuotaUseView(limit, used);
}
