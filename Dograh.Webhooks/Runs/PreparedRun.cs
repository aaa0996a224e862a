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
    /// <summary>The most that a run's webhooks may come to together, in UTF-16 characters: twice what one of them may.</summary>
    /// <remarks>A workflow has hundreds of nodes, and what they render to is held in memory until it is stored.</remarks>
    public const int MaxLength = 2 * RenderContext.DefaultMaxLength;

    /// <summary>How long its deliveries are, in UTF-16 characters.</summary>
    public long Length { get; } = Nodes.Where(node => node.IsSendable).Sum(node => (long)node.Length);

    /// <summary>Renders the nodes.</summary>
    public static PreparedRun Render(
        long organizationId, long workflowId, long runId, IReadOnlyList<WebhookNode> nodes, RenderContext context, EgressGuard guard, string? traceParent)
    {
        var rendered = new List<RenderedNode>(nodes.Count);
        var rows = new List<NewDelivery>(nodes.Count);
        var length = 0L;
        foreach (var node in nodes)
        {
            // Those that come after the one that was too much are not rendered: that takes its time, too.
            var result = length > MaxLength && node.Enabled ? RenderedNode.TooMuch(node) : RenderedNode.Render(node, context, guard);
            length += result.Length;
            if (length > MaxLength && result.IsSendable) result = RenderedNode.TooMuch(node);
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
