using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Queue;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Deliveries;

/// <summary>Replays everything that matches a filter, spreading the due times so that no receiver is flooded.</summary>
/// <remarks>One transaction: all of it is replayed, or none. A second bulk replay's pace begins where the first one's ends.</remarks>
internal static class BulkReplay
{
    private const int ChunkSize = 1000;

    public static Task<IResult> Replay(
        Caller caller, JsonBody<BulkReplayRequest> body, IdempotentRequest idempotent, DeliveryQueue queue, IOptions<WebhookDeliveryOptions> options,
        AuditLog audit)
    {
        var filter = DeliveryFilter.Read(body.Element);
        if (filter.Status is not { } status || !ReplayDeliveries.Replayable.Contains(status))
        {
            throw ApiProblemException.Unprocessable("status", "is required: dead_letter, cancelled or succeeded");
        }

        return idempotent.RunAsync(caller, body.Bytes, async (database, connection, cancellationToken) =>
        {
            var matching = filter.Apply(database, caller);
            var step = 1 / options.Value.ReplayPerSecond;
            var paced = await ReplayDeliveries.ReadPacedSecondsAsync(connection, caller.OrganizationId, cancellationToken);
            var delay = paced > 0 ? paced + step : 0;
            var replayed = new List<DueDelivery>();
            var matched = 0L;
            DeliveryPageKey? last = null;
            while (true)
            {
                var keys = await matching.OldestFirst(last, ChunkSize).ToListAsync(cancellationToken);
                if (keys.Count == 0) break;
                matched += keys.Count;
                last = keys[^1];
                var rows = keys.Select((key, i) => (key.Id, delay + (i * step))).ToList();
                delay += keys.Count * step;
                replayed.AddRange(await ReplayDeliveries.ExecuteAsync(connection, caller.OrganizationId, rows, [status], cancellationToken));
            }

            await audit.WriteAsync(
                database, caller.OrganizationId, AuditAction.DeliveriesReplayed, resourceId: null, new { filter, matched, Replayed = replayed.Count }, cancellationToken);
            return new Answer(
                StatusCodes.Status202Accepted, new BulkReplayView(matched, replayed.Count), () => queue.TryScheduleAsync(replayed));
        });
    }
}

/// <summary>The filters of the list, of which <c>status</c> is required. Read by <see cref="DeliveryFilter"/>; spelled out for the API's description.</summary>
internal sealed record BulkReplayRequest(
    JsonElement Status, JsonElement WorkflowRunId, JsonElement WorkflowId, JsonElement WebhookNodeId, JsonElement EndpointHost, JsonElement CreatedAfter,
    JsonElement CreatedBefore);

/// <summary>How many deliveries matched, and how many of them are replayed.</summary>
internal sealed record BulkReplayView(long Matched, long Replayed);
