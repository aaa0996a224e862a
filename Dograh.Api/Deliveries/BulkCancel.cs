using System.Text.Json.Serialization;
using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Deliveries;

/// <summary>Cancels everything pending that matches a filter.</summary>
/// <remarks>One transaction: all of it, or of its part, is cancelled, or none.</remarks>
internal static class BulkCancel
{
    public static Task<IResult> Cancel(Caller caller, JsonBody<BulkRequest> body, IdempotentRequest idempotent, AuditLog audit, TimeProvider time)
    {
        var call = BulkCall.Read(body.Element);
        // Said and not taken for granted: a body that lost its filters must not cancel everything.
        if (call.Filter.Status is not DeliveryStatus.Pending) throw ApiProblemException.Unprocessable("status", "is required: pending, for nothing else can be cancelled");

        return idempotent.RunAsync(caller, body.Bytes, async (database, _, cancellationToken) =>
        {
            var pending = database.WebhookDeliveries.Where(x => x.OrganizationId == caller.OrganizationId);
            var outcome = await call.RunAsync(
                call.Filter.Apply(database, caller), ids => pending.Where(x => ids.Contains(x.Id)).CancelAsync(cancellationToken), time, cancellationToken);
            await audit.WriteAsync(
                database, caller.OrganizationId, AuditAction.DeliveriesCancelled, resourceId: null,
                new { call.Filter, call.Limit, outcome.Matched, Cancelled = outcome.Done }, cancellationToken);
            return new Answer(StatusCodes.Status202Accepted, new BulkCancelView(outcome.Matched, outcome.Done, outcome.NextCursor));
        });
    }

    /// <summary>Cancels those of the deliveries that are pending: a worker that holds one finds its claim gone.</summary>
    /// <returns>How many that are.</returns>
    public static Task<int> CancelAsync(this IQueryable<WebhookDelivery> deliveries, CancellationToken cancellationToken) =>
        deliveries.Where(x => x.Status == EF.Constant(DeliveryStatus.Pending)).ExecuteUpdateAsync(
            set => set.SetProperty(x => x.Status, DeliveryStatus.Cancelled)
                .SetProperty(x => x.LeasedBy, (string?)null)
                .SetProperty(x => x.WaitingFor, (string?)null)
                .SetProperty(x => x.UpdatedAt, x => DatabaseFunctions.Now()),
            cancellationToken);
}

/// <summary>How many deliveries matched, and how many of them are cancelled.</summary>
/// <param name="Matched">How many matched.</param>
/// <param name="Cancelled">How many of them are cancelled: what a worker has delivered in the meantime is not.</param>
/// <param name="NextCursor">What to go on with; not there if that was all.</param>
internal sealed record BulkCancelView(long Matched, long Cancelled, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor);
