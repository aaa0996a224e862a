using System.Text;
using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Api.Sending;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Runs;
using Dograh.Webhooks.Sending;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dograh.Api.Deliveries;

/// <summary>What a delivery's next attempt will send, or would after a replay: made by the very code that builds attempts.</summary>
internal static class NextRequest
{
    private const string WouldSend = "would_send";

    public static async Task<Ok<DeliveryRequestView>> Get(
        Caller caller, [FromRoute(Name = "delivery_id")] Guid deliveryId, TenantDbContext database, CredentialResolver credentials, EgressGuard guard,
        CancellationToken cancellationToken)
    {
        var row = await database.WebhookDeliveries.AsNoTracking().Where(x => x.OrganizationId == caller.OrganizationId && x.DeliveryUuid == deliveryId)
            .SingleOrDefaultAsync(cancellationToken) ?? throw ApiProblemException.NotFound("delivery");
        var delivery = ToClaimed(row);
        await database.Database.OpenConnectionAsync(cancellationToken);
        var resolved = await credentials.ResolveAsync((NpgsqlConnection)database.Database.GetDbConnection(), [delivery], cancellationToken);
        var credential = row.CredentialUuid is { } uuid ? resolved.GetValueOrDefault((row.OrganizationId, uuid)) : null;
        return TypedResults.Ok(Show(row, delivery, credential, guard));
    }

    private static DeliveryRequestView Show(WebhookDelivery row, ClaimedDelivery delivery, ResolvedCredential? credential, EgressGuard guard)
    {
        if (row.Payload is null) return Unsent(row, delivery, "the payload has been removed, for it is older than payloads are kept");
        if (ShownHeaders.FindFault(row.CredentialUuid, credential, row.EndpointUrl) is { } fault) return Unsent(row, delivery, fault);
        try
        {
            var headers = ShownHeaders.Of(delivery, credential?.ShownHeader, guard);
            return new DeliveryRequestView(
                WouldSend, Reason: null, delivery.AttemptNumber, row.HttpMethod, row.EndpointUrl, headers, WebhookRequest.HasBody(row.HttpMethod) ? row.Payload : null);
        }
        catch (UnsendableException e)
        {
            return Unsent(row, delivery, e.Message);
        }
    }

    private static DeliveryRequestView Unsent(WebhookDelivery row, ClaimedDelivery delivery, string reason) =>
        new(NodeOutcome.Invalid, reason, delivery.AttemptNumber, row.HttpMethod, row.EndpointUrl, Headers: null, Body: null);

    // As it would be claimed; nothing is claimed.
    private static ClaimedDelivery ToClaimed(WebhookDelivery row) => new()
    {
        Key = new DeliveryKey(row.OrganizationId, row.Id),
        Token = 0,
        DeliveryUuid = row.DeliveryUuid,
        WorkflowRunId = row.WorkflowRunId,
        WorkflowId = row.WorkflowId,
        WebhookNodeId = row.WebhookNodeId,
        EndpointUrl = row.EndpointUrl,
        HttpMethod = row.HttpMethod,
        Payload = Encoding.UTF8.GetBytes(row.Payload ?? ""),
        CustomHeaders = row.CustomHeaders,
        CredentialUuid = row.CredentialUuid,
        AttemptCount = row.AttemptCount,
        MaxAttempts = row.MaxAttempts,
        BaseDelaySeconds = row.BaseDelaySeconds,
        MaxDelaySeconds = row.MaxDelaySeconds,
        Timeout = TimeSpan.FromSeconds(row.TimeoutSeconds),
        LeaseUntil = default,
        TraceParent = row.TraceParent,
        CreatedAt = row.CreatedAt,
    };
}

/// <summary>What the next attempt will send, as preview shows a node's request.</summary>
/// <param name="Outcome"><c>would_send</c>, or <c>invalid</c> if it cannot be sent as things are.</param>
/// <param name="Reason">Why not.</param>
/// <param name="AttemptNumber">The number of the attempt.</param>
/// <param name="Method">The method.</param>
/// <param name="Url">The URL.</param>
/// <param name="Headers">The headers, secrets masked as <c>***</c>.</param>
/// <param name="Body">The exact body; null for a method that has none.</param>
internal sealed record DeliveryRequestView(
    string Outcome, string? Reason, int AttemptNumber, string Method, string Url, IReadOnlyDictionary<string, string>? Headers, string? Body);
