using System.Text.Json.Serialization;
using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Queue;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Deliveries;

/// <summary>Replays everything that matches a filter, spreading the due times so that no receiver is flooded.</summary>
/// <remarks>One transaction: all of it, or of its part, is replayed, or none. A second bulk replay's pace begins where the first one's ends; one that comes meanwhile waits.</remarks>
internal static class BulkReplay
{
    public static Task<IResult> Replay(
        Caller caller, JsonBody<BulkRequest> body, IdempotentRequest idempotent, DeliveryQueue queue, IOptions<WebhookDeliveryOptions> options, AuditLog audit, TimeProvider time)
    {
        var call = BulkCall.Read(body.Element);
        if (call.Filter.Status is not { } status || !ReplayDeliveries.Replayable.Contains(status))
        {
            throw ApiProblemException.Unprocessable("status", "is required: dead_letter, cancelled or succeeded");
        }

        return idempotent.RunAsync(caller, body.Bytes, async (database, connection, cancellationToken) =>
        {
            var step = 1 / options.Value.ReplayPerSecond;
            var delay = await ReplayDeliveries.TakePaceAsync(connection, caller.OrganizationId, step, cancellationToken);
            var replayed = new List<DueDelivery>();
            var outcome = await call.RunAsync(call.Filter.Apply(database, caller), ReplayAsync, time, cancellationToken);
            await audit.WriteAsync(
                database, caller.OrganizationId, AuditAction.DeliveriesReplayed, resourceId: null,
                new { call.Filter, call.Limit, outcome.Matched, Replayed = replayed.Count }, cancellationToken);
            return new Answer(
                StatusCodes.Status202Accepted, new BulkReplayView(outcome.Matched, outcome.Done, outcome.NextCursor), () => queue.TryScheduleAsync(replayed));

            async Task<int> ReplayAsync(IReadOnlyList<long> ids)
            {
                var rows = ids.Select((id, i) => (id, delay + (i * step))).ToList();
                delay += ids.Count * step;
                var due = await ReplayDeliveries.ExecuteAsync(connection, caller.OrganizationId, rows, [status], cancellationToken);
                replayed.AddRange(due);
                return due.Count;
            }
        });
    }
}

/// <summary>How many deliveries matched, and how many of them are replayed.</summary>
/// <param name="Matched">How many matched.</param>
/// <param name="Replayed">How many of them are replayed.</param>
/// <param name="NextCursor">What to go on with; not there if that was all.</param>
internal sealed record BulkReplayView(long Matched, long Replayed, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor);
