using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Queue;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Deliveries;

/// <summary>Deliveries: looking at them, replaying and cancelling one. Of many: <see cref="BulkReplay"/>, <see cref="BulkCancel"/>.</summary>
internal static class DeliveriesApi
{
    private const string DeliveryId = "delivery_id";

    // What a page can let somebody wait for a number.
    private static readonly TimeSpan CountPatience = TimeSpan.FromSeconds(2);

    public static void MapDeliveries(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/deliveries").WithTags("Deliveries").RequireAuthorization(Policies.Organization);
        group.MapGet("", ListDeliveries).RequireScope(ApiKeyScope.DeliveriesRead).WithName("ListDeliveries").WithSummary("List deliveries, without their payloads")
            .WithMetadata(new ListParameters(DeliveryFilter.QueryNames) { Descriptions = DeliveryFilter.Descriptions });
        group.MapGet("/count", CountDeliveries).RequireScope(ApiKeyScope.DeliveriesRead).WithName("CountDeliveries").WithSummary("Count deliveries: exactly, or at least so many if that would take long")
            .WithMetadata(new FilterParameters(DeliveryFilter.QueryNames) { Descriptions = DeliveryFilter.Descriptions });
        group.MapGet("/{delivery_id:guid}", GetDelivery).RequireScope(ApiKeyScope.DeliveriesRead).WithName("GetDelivery").WithSummary("Get a delivery: payload, headers, state, attempts");
        group.MapGet("/{delivery_id:guid}/request", NextRequest.Get).RequireScope(ApiKeyScope.DeliveriesRead).WithName("GetDeliveryRequest").WithSummary("What the next attempt will send, secrets masked");
        group.MapGet("/export", DeliveryExport.Export).RequireScope(ApiKeyScope.DeliveriesRead).WithName("ExportDeliveries").WithSummary("All deliveries that match, as CSV or as JSON line by line, without their payloads")
            .WithMetadata(new FilterParameters([.. DeliveryFilter.QueryNames, "format"]) { Descriptions = new Dictionary<string, string>(DeliveryFilter.Descriptions, StringComparer.Ordinal) { ["format"] = "csv or ndjson." } }).Produces(StatusCodes.Status200OK, responseType: null, "text/csv", "application/x-ndjson");
        group.MapPost("/{delivery_id:guid}/replay", ReplayDelivery).RequireScope(ApiKeyScope.DeliveriesWrite).WithName("ReplayDelivery").WithSummary("Send a delivery again")
            .Produces<DeliveryView>(StatusCodes.Status202Accepted);
        group.MapPost("/{delivery_id:guid}/cancel", CancelDelivery).RequireScope(ApiKeyScope.DeliveriesWrite).WithName("CancelDelivery").WithSummary("Stop a pending delivery")
            .Produces<DeliveryView>(StatusCodes.Status202Accepted);
        group.MapPost("/replay", BulkReplay.Replay).RequireScope(ApiKeyScope.DeliveriesWrite).WithName("ReplayDeliveries").WithSummary("Send all deliveries that match again, at a pace")
            .Produces<BulkReplayView>(StatusCodes.Status202Accepted);
        group.MapPost("/cancel", BulkCancel.Cancel).RequireScope(ApiKeyScope.DeliveriesWrite).WithName("CancelDeliveries").WithSummary("Stop all pending deliveries that match")
            .Produces<BulkCancelView>(StatusCodes.Status202Accepted);
    }

    private static async Task<Ok<Page<DeliveryView>>> ListDeliveries(
        Caller caller, HttpRequest request, TenantDbContext database, CancellationToken cancellationToken)
    {
        var page = PageRequest.Read(request);
        var found = await DeliveryFilter.Read(request).Apply(database, caller).ReadPageAsync(database, page, cancellationToken);
        return TypedResults.Ok(new Page<DeliveryView>([.. found.Rows.Select(DeliveryView.Of)], found.Next?.ToCursor()));
    }

    private static async Task<Ok<DeliveryCountView>> CountDeliveries(
        Caller caller, HttpRequest request, TenantDbContext database, CancellationToken cancellationToken) =>
        TypedResults.Ok(await DeliveryFilter.Read(request).Apply(database, caller).CountAsync(database, CountPatience, cancellationToken));

    private static async Task<Ok<DeliveryDetailView>> GetDelivery(
        Caller caller, [FromRoute(Name = DeliveryId)] Guid deliveryId, TenantDbContext database, CancellationToken cancellationToken)
    {
        var row = await Find(database, caller, deliveryId).AsNoTracking().SingleOrDefaultAsync(cancellationToken)
            ?? throw ApiProblemException.NotFound("delivery");
        // Retention may remove it between two statements.
        var summary = await Find(database, caller, deliveryId).Select(DeliverySummary.From).SingleOrDefaultAsync(cancellationToken)
            ?? throw ApiProblemException.NotFound("delivery");
        var attempts = await database.WebhookDeliveryAttempts.AsNoTracking()
            .Where(x => x.OrganizationId == caller.OrganizationId && x.DeliveryId == row.Id).OrderBy(x => x.Number).ToListAsync(cancellationToken);
        return TypedResults.Ok(new DeliveryDetailView(DeliveryView.Of(summary), row, attempts.Select(AttemptView.Of).ToList()));
    }

    private static Task<IResult> ReplayDelivery(
        Caller caller, [FromRoute(Name = DeliveryId)] Guid deliveryId, JsonBody<NoFields> body, IdempotentRequest idempotent, DeliveryQueue queue, AuditLog audit) =>
        idempotent.RunAsync(caller, body.Bytes, async (database, connection, cancellationToken) =>
        {
            var id = await FindIdAsync(database, caller, deliveryId, cancellationToken);
            var replayed = await ReplayDeliveries.ExecuteAsync(
                connection, caller.OrganizationId, [(id, 0)], ReplayDeliveries.Replayable, cancellationToken);
            if (replayed.Count == 0) throw await WhyNotReplayedAsync(database, caller, deliveryId, cancellationToken);
            await audit.WriteAsync(database, caller.OrganizationId, AuditAction.DeliveryReplayed, $"{deliveryId:D}", cancellationToken: cancellationToken);
            return new Answer(StatusCodes.Status202Accepted, await ReadViewAsync(database, caller, deliveryId, cancellationToken), () => queue.TryScheduleAsync(replayed));
        });

    private static Task<IResult> CancelDelivery(
        Caller caller, [FromRoute(Name = DeliveryId)] Guid deliveryId, JsonBody<NoFields> body, IdempotentRequest idempotent, AuditLog audit) =>
        idempotent.RunAsync(caller, body.Bytes, async (database, _, cancellationToken) =>
        {
            var cancelled = await Find(database, caller, deliveryId).CancelAsync(cancellationToken);
            if (cancelled == 0)
            {
                await FindIdAsync(database, caller, deliveryId, cancellationToken);
                throw ApiProblemException.Conflict("Only a pending delivery can be cancelled.");
            }

            await audit.WriteAsync(database, caller.OrganizationId, AuditAction.DeliveryCancelled, $"{deliveryId:D}", cancellationToken: cancellationToken);
            return new Answer(StatusCodes.Status202Accepted, await ReadViewAsync(database, caller, deliveryId, cancellationToken));
        });

    private static async Task<ApiProblemException> WhyNotReplayedAsync(
        DograhDbContext database, Caller caller, Guid deliveryId, CancellationToken cancellationToken)
    {
        var hasPayload = await Find(database, caller, deliveryId).Select(x => (bool?)(x.Payload != null)).SingleOrDefaultAsync(cancellationToken);
        return hasPayload switch
        {
            true => ApiProblemException.Conflict("The delivery is pending: it is being delivered already."),
            false => ApiProblemException.Conflict("The delivery's payload has been removed, for it is older than payloads are kept: there is nothing left to send."),
            // Removed between the two statements.
            null => ApiProblemException.NotFound("delivery"),
        };
    }

    private static IQueryable<WebhookDelivery> Find(DograhDbContext database, Caller caller, Guid deliveryId) =>
        database.WebhookDeliveries.Where(x => x.OrganizationId == caller.OrganizationId && x.DeliveryUuid == deliveryId);

    private static async Task<long> FindIdAsync(DograhDbContext database, Caller caller, Guid deliveryId, CancellationToken cancellationToken) =>
        await Find(database, caller, deliveryId).Select(x => (long?)x.Id).SingleOrDefaultAsync(cancellationToken)
        ?? throw ApiProblemException.NotFound("delivery");

    private static async Task<DeliveryView> ReadViewAsync(DograhDbContext database, Caller caller, Guid deliveryId, CancellationToken cancellationToken) =>
        DeliveryView.Of(await Find(database, caller, deliveryId).Select(DeliverySummary.From).SingleAsync(cancellationToken));
}

/// <summary>How many deliveries match.</summary>
/// <param name="Count">How many.</param>
/// <param name="IsExact">False if there may be more: they are too many to be counted while somebody waits.</param>
internal sealed record DeliveryCountView(long Count, bool IsExact);

/// <summary>A body that may be empty and says nothing.</summary>
internal sealed record NoFields;
