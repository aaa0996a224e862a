using System.Text;
using System.Net.Http.Headers;
using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Runs;
using Dograh.Webhooks.Sending;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dograh.Api.Runs;

/// <summary>What a completion would send, made by the very code that renders and builds deliveries.</summary>
internal static class RunPreview
{
    private const string Masked = "***";
    private const string WouldSend = "would_send";

    public static async Task<Ok<PreviewView>> Preview(
        Caller caller, long id, JsonBody<RunRequest> body, RunIntake intake, CredentialResolver credentials, EgressGuard guard,
        TenantDatabase tenants, CancellationToken cancellationToken)
    {
        var faults = new Faults();
        var fields = body.Value.ToFields(faults);
        var completion = body.Value.ToCompletion(faults);
        faults.ThrowIfAny();

        await using var connection = await tenants.OpenAsync(caller.OrganizationId, cancellationToken);
        var rendered = await intake.PreviewAsync(connection, caller.OrganizationId, id, fields, completion, cancellationToken)
            ?? throw ApiProblemException.NotFound("workflow");
        var deliveries = rendered.Where(node => node.IsSendable).ToDictionary(node => node, node => ToDelivery(caller, node));
        var resolved = await credentials.ResolveAsync(connection, deliveries.Values, cancellationToken);
        return TypedResults.Ok(new PreviewView(rendered.Select(node => Show(node)).ToList()));

        PreviewRequestView Show(RenderedNode node)
        {
            if (node.IsSkipped) return Unsent(node, NodeOutcome.Skipped, "the node is disabled");
            if (node.Fault is { } fault) return Unsent(node, NodeOutcome.Invalid, fault);
            var credential = node.Node.CredentialUuid is { } uuid ? resolved.GetValueOrDefault((caller.OrganizationId, uuid)) : null;
            if (node.Node.CredentialUuid is { } missing && credential is null) return Unsent(node, NodeOutcome.Invalid, $"credential {missing:D} not found");
            if (credential is { IsReadable: false }) return Unsent(node, NodeOutcome.Invalid, $"credential {node.Node.CredentialUuid:D} cannot be read just now");
            if (credential?.Certificate is not null && !node.EndpointUrl.StartsWith("https:", StringComparison.OrdinalIgnoreCase)) return Unsent(node, NodeOutcome.Invalid, DeliverySender.NoCertificate);
            try
            {
                return Sendable(node, deliveries[node], credential?.ShownHeader, guard);
            }
            catch (UnsendableException e)
            {
                return Unsent(node, NodeOutcome.Invalid, e.Message);
            }
        }
    }

    private static PreviewRequestView Sendable(RenderedNode node, ClaimedDelivery delivery, CredentialHeader? credential, EgressGuard guard)
    {
        using var request = WebhookRequest.Build(delivery, credential, guard);
        var headers = request.Headers.NonValidated.Concat(request.Content?.Headers.NonValidated ?? default(HttpHeadersNonValidated))
            .ToDictionary(
                header => header.Key,
                header => string.Equals(header.Key, credential?.Name, StringComparison.OrdinalIgnoreCase) ? Masked : header.Value.ToString(),
                StringComparer.OrdinalIgnoreCase);
        // They come into being as it is sent.
        headers[WebhookRequest.TimestampHeader] = Masked;
        headers[WebhookRequest.SignatureHeader] = Masked;
        return new PreviewRequestView(
            node.Node.Id, node.Node.Name, WouldSend, Reason: null, node.Node.HttpMethod, node.EndpointUrl, headers,
            WebhookRequest.HasBody(node.Node.HttpMethod) ? node.Payload : null, node.DroppedHeaders);
    }

    private static PreviewRequestView Unsent(RenderedNode node, string outcome, string reason) =>
        new(node.Node.Id, node.Node.Name, outcome, reason, node.Node.HttpMethod, Url: null, Headers: null, Body: null, node.DroppedHeaders);

    // A delivery as it would be claimed for its first attempt; the ids that only storing gives are zero.
    private static ClaimedDelivery ToDelivery(Caller caller, RenderedNode node) => new()
    {
        Key = new DeliveryKey(caller.OrganizationId, 0),
        Token = 0,
        DeliveryUuid = Guid.Empty,
        WorkflowRunId = 0,
        WorkflowId = 0,
        WebhookNodeId = node.Node.Id,
        EndpointUrl = node.EndpointUrl,
        HttpMethod = node.Node.HttpMethod,
        Payload = Encoding.UTF8.GetBytes(node.Payload),
        CustomHeaders = node.CustomHeaders,
        CredentialUuid = node.Node.CredentialUuid,
        AttemptCount = 0,
        MaxAttempts = 1,
        BaseDelaySeconds = 0,
        MaxDelaySeconds = 0,
        Timeout = TimeSpan.Zero,
        LeaseUntil = default,
        TraceParent = null,
        CreatedAt = default,
    };
}
