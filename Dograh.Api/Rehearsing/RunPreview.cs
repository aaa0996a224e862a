using System.Text;
using Dograh.Api.Access;
using Dograh.Api.Sending;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Runs;
using Dograh.Webhooks.Sending;

namespace Dograh.Api.Rehearsing;

/// <summary>What a completion would send, made by the very code that renders and builds deliveries.</summary>
internal sealed class RunPreview(TenantDatabase tenants, CredentialResolver credentials, EgressGuard guard)
{
    /// <summary>The node can be sent.</summary>
    public const string WouldSend = "would_send";

    /// <summary>Shows what the nodes would send for the call.</summary>
    public Task<IReadOnlyList<PreviewRequestView>> ShowAsync(Caller caller, Rehearsed rehearsed, CancellationToken cancellationToken) =>
        ShowAsync(caller, rehearsed.Nodes.Select(node => RenderedNode.Render(node, rehearsed.Context, guard)).ToList(), rehearsed.RunId, cancellationToken);

    /// <summary>Shows what the nodes would send, as they were rendered.</summary>
    public async Task<IReadOnlyList<PreviewRequestView>> ShowAsync(Caller caller, IReadOnlyList<RenderedNode> rendered, long runId, CancellationToken cancellationToken)
    {
        var deliveries = rendered.Where(node => node.IsSendable).ToDictionary(node => node, node => ToDelivery(caller, node, runId));
        await using var connection = await tenants.OpenAsync(caller.OrganizationId, cancellationToken);
        var resolved = await credentials.ResolveAsync(connection, deliveries.Values, cancellationToken);
        return rendered.Select(Show).ToList();

        PreviewRequestView Show(RenderedNode node)
        {
            if (node.IsSkipped) return Unsent(node, NodeOutcome.Skipped, "the node is disabled");
            if (node.Fault is { } fault) return Unsent(node, NodeOutcome.Invalid, fault);
            var credential = node.Node.CredentialUuid is { } uuid ? resolved.GetValueOrDefault((caller.OrganizationId, uuid)) : null;
            if (ShownHeaders.FindFault(node.Node.CredentialUuid, credential, node.EndpointUrl) is { } unfit) return Unsent(node, NodeOutcome.Invalid, unfit);
            try
            {
                return Sendable(node, deliveries[node], credential?.ShownHeader);
            }
            catch (UnsendableException e)
            {
                return Unsent(node, NodeOutcome.Invalid, e.Message);
            }
        }
    }

    private PreviewRequestView Sendable(RenderedNode node, ClaimedDelivery delivery, CredentialHeader? credential)
    {
        var headers = ShownHeaders.Of(delivery, credential, guard);
        return new PreviewRequestView(
            node.Node.Id, node.Node.Name, WouldSend, Reason: null, node.Node.HttpMethod, node.EndpointUrl, headers,
            WebhookRequest.HasBody(node.Node.HttpMethod) ? node.Payload : null, node.DroppedHeaders);
    }

    private static PreviewRequestView Unsent(RenderedNode node, string outcome, string reason) =>
        new(node.Node.Id, node.Node.Name, outcome, reason, node.Node.HttpMethod, Url: null, Headers: null, Body: null, node.DroppedHeaders);

    /// <summary>The delivery of a node that can be sent.</summary>
    public static ClaimedDelivery ToDelivery(Caller caller, RenderedNode node, long runId) =>
        UnstoredDelivery.Of(caller, node.EndpointUrl, node.Node.HttpMethod, Encoding.UTF8.GetBytes(node.Payload), node.Node.CredentialUuid) with
        {
            WorkflowRunId = runId, WebhookNodeId = node.Node.Id, CustomHeaders = node.CustomHeaders,
        };
}
