using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Rendering;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Workflows;

namespace Dograh.Webhooks.Runs;

/// <summary>A completed run as it is rendered, with the deliveries to store for it.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Nodes">Its webhook nodes.</param>
/// <param name="Rows">The deliveries of those that can be sent, in the nodes' order.</param>
internal sealed record PreparedRun(long RunId, IReadOnlyList<RenderedNode> Nodes, IReadOnlyList<NewDelivery> Rows)
{
    /// <summary>Renders the nodes.</summary>
    public static PreparedRun Render(
        long organizationId, long workflowId, long runId, IReadOnlyList<WebhookNode> nodes, RenderContext context, EgressGuard guard, string? traceParent)
    {
        var rendered = new List<RenderedNode>(nodes.Count);
        var rows = new List<NewDelivery>(nodes.Count);
        foreach (var node in nodes)
        {
            var result = RenderedNode.Render(node, context, guard);
            rendered.Add(result);
            if (result.IsSendable) rows.Add(new NewDelivery(organizationId, Guid.CreateVersion7(), runId, workflowId, result, traceParent));
        }

        return new PreparedRun(runId, rendered, rows);
    }

    /// <summary>What is answered for it.</summary>
    public RunOutcome ToOutcome()
    {
        var next = 0;
        return new RunOutcome(RunId, RunStatus.Completed, Nodes.Select(node => node.ToOutcome(node.IsSendable ? Rows[next++].DeliveryUuid : null)).ToList());
    }
}
