using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Api.Sending;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Runs;
using Dograh.Webhooks.Sending;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Rehearsing;

/// <summary>One webhook node's request, rendered, signed, sent and told as an attempt's would be; nothing is stored of it, and it is not sent again.</summary>
internal sealed class WorkflowTest(
    Rehearsal rehearsal, RunPreview preview, TestRequests tests, TenantDbContext database, EgressGuard guard, AuditLog audit, IOptions<WebhookDeliveryOptions> options)
{
    private const string NodeField = "webhook_node_id";

    public static async Task<Ok<WorkflowTestView>> TestWorkflow(
        Caller caller, long id, JsonBody<WorkflowTestRequest> body, WorkflowTest test, CancellationToken cancellationToken) =>
        TypedResults.Ok(await test.SendAsync(caller, id, body.Value, cancellationToken));

    public static async Task<Ok<WorkflowTestView>> TestDraft(
        Caller caller, JsonBody<WorkflowTestRequest> body, WorkflowTest test, CancellationToken cancellationToken) =>
        TypedResults.Ok(await test.SendAsync(caller, workflowId: null, body.Value, cancellationToken));

    private async Task<WorkflowTestView> SendAsync(Caller caller, long? workflowId, WorkflowTestRequest request, CancellationToken cancellationToken)
    {
        var faults = new Faults();
        var rehearsed = await rehearsal.PrepareAsync(caller, workflowId, request, faults, cancellationToken);
        // Whoever may not save a workflow sends only what somebody has saved.
        if (request.HasDraft) caller.Demand(ApiKeyScope.WorkflowsWrite, "workflow_definition");
        var id = faults.RequireText(NodeField, request.WebhookNodeId);
        var node = rehearsed.Nodes.FirstOrDefault(node => node.Id == id);
        if (id.Length > 0 && node is null && faults.Found.Count == 0) faults.Add(NodeField, $"there is no webhook node '{id}' in this workflow");
        faults.ThrowIfAny();

        // Whoever tests a node has not always let it loose yet.
        var rendered = RenderedNode.Render(node! with { Enabled = true }, rehearsed.Context, guard);
        var shown = (await preview.ShowAsync(caller, [rendered], rehearsed.RunId, cancellationToken))[0];
        if (shown.Outcome != RunPreview.WouldSend) return new WorkflowTestView(shown, Answer: null);

        var delivery = RunPreview.ToDelivery(caller, rendered, rehearsed.RunId) with
        {
            WorkflowId = workflowId ?? 0,
            Timeout = TimeSpan.FromSeconds(node.RetryConfig.TimeoutSeconds ?? options.Value.TimeoutSeconds),
        };
        // On record before it is sent; of the URL the host, for the rest may hold anything.
        var details = new { WebhookNodeId = id, Method = node.HttpMethod, Host = rendered.EndpointHost, IsDraft = request.HasDraft, node.CredentialUuid };
        var answer = await tests.SendAsync(
            delivery, WebhookRequest.WorkflowTest,
            () => audit.WriteAsync(database, caller.OrganizationId, AuditAction.WorkflowTested, workflowId?.ToString(), details, cancellationToken),
            cancellationToken);
        return new WorkflowTestView(shown, answer);
    }
}

/// <summary>Which webhook node to test, and for which call.</summary>
internal sealed record WorkflowTestRequest : RehearsalRequest
{
    /// <summary>The node, of the draft if there is one.</summary>
    public string? WebhookNodeId { get; init; }
}

/// <summary>What was sent, and what came of it.</summary>
/// <param name="Request">What was sent, secrets masked; or why nothing was.</param>
/// <param name="Answer">What came back; null if nothing was sent, because the node cannot be for this call.</param>
internal sealed record WorkflowTestView(PreviewRequestView Request, TestAnswerView? Answer);
