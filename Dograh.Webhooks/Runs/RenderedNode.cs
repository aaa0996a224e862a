using System.Globalization;
using System.Text.Json;
using Dograh.Webhooks.Rendering;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Workflows;

namespace Dograh.Webhooks.Runs;

/// <summary>One webhook node rendered for one run: what a delivery freezes, or why there will be none.</summary>
public sealed record RenderedNode
{
    /// <summary>The node.</summary>
    public required WebhookNode Node { get; init; }

    /// <summary>True if the node is disabled.</summary>
    public bool IsSkipped { get; init; }

    /// <summary>Why it cannot be sent; null if it can.</summary>
    public string? Fault { get; init; }

    /// <summary>Whether a delivery is to be made of it.</summary>
    public bool IsSendable => !IsSkipped && Fault is null;

    /// <summary>The rendered URL.</summary>
    public string EndpointUrl { get; init; } = "";

    /// <summary>The URL's host without its port, in lower case.</summary>
    public string EndpointHost { get; init; } = "";

    /// <summary>The exact text of the body.</summary>
    public string Payload { get; init; } = "";

    /// <summary>JSON array of the rendered headers.</summary>
    public string CustomHeaders { get; init; } = "[]";

    /// <summary>The names of headers that look secret and were dropped.</summary>
    public IReadOnlyList<string> DroppedHeaders { get; init; } = [];

    /// <summary>How long it is in UTF-16 characters: what of it is stored.</summary>
    public int Length => EndpointUrl.Length + Payload.Length + CustomHeaders.Length;

    /// <summary>A node that is not rendered, or not kept, because the run has rendered too much already.</summary>
    public static RenderedNode TooMuch(WebhookNode node) =>
        Invalid(node, string.Create(CultureInfo.InvariantCulture, $"the run's webhooks together would exceed {PreparedRun.MaxLength} characters"), []);

    /// <summary>Renders a node. A fault in it is its own: it never stops the others.</summary>
    public static RenderedNode Render(WebhookNode node, RenderContext context, EgressGuard guard)
    {
        if (!node.Enabled) return new RenderedNode { Node = node, IsSkipped = true };

        var url = UrlTemplate.Render(node.EndpointUrl, context);
        if (!url.IsValid) return Invalid(node, url.Fault, []);
        var parsed = new Uri(url.Url);
        if (guard.FindFault(parsed) is { } refused) return Invalid(node, refused, []);
        var headers = Rendering.CustomHeaders.Render(node.CustomHeaders, context);
        if (headers.Faults.Count > 0) return Invalid(node, string.Join("; ", headers.Faults), headers.Dropped);

        try
        {
            return new RenderedNode
            {
                Node = node,
                EndpointUrl = url.Url,
                EndpointHost = parsed.IdnHost.ToLowerInvariant(),
                Payload = PayloadRenderer.Render(node.PayloadTemplate, context),
                CustomHeaders = JsonSerializer.Serialize(headers.Headers, HeaderJson),
                DroppedHeaders = headers.Dropped,
            };
        }
        catch (RenderedTooLongException e)
        {
            return Invalid(node, e.Message, headers.Dropped);
        }
    }

    /// <summary>What is answered for it.</summary>
    /// <param name="delivery">The delivery that was made of it; null if none was.</param>
    public NodeOutcome ToOutcome(Guid? delivery)
    {
        if (IsSkipped) return new NodeOutcome(Node.Id, Node.Name, DeliveryId: null, NodeOutcome.Skipped, "the node is disabled", []);
        return Fault is null
            ? new NodeOutcome(Node.Id, Node.Name, delivery, NodeOutcome.Created, Reason: null, DroppedHeaders)
            : new NodeOutcome(Node.Id, Node.Name, DeliveryId: null, NodeOutcome.Invalid, Fault, DroppedHeaders);
    }

    private static RenderedNode Invalid(WebhookNode node, string fault, IReadOnlyList<string> dropped) =>
        new() { Node = node, Fault = fault, DroppedHeaders = dropped };

    private static readonly JsonSerializerOptions HeaderJson = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}
