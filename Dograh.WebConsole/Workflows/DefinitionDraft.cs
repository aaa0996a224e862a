using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dograh.WebConsole.Workflows;

/// <summary>A workflow's definition while it is edited: its webhook nodes as drafts, everything else as it came.</summary>
/// <remarks>Other nodes, edges and members that the console does not know are written back as they were; and so are webhook nodes, but for what was changed in them.</remarks>
public sealed class DefinitionDraft
{
    private const string Nodes = "nodes";
    private const string Edges = "edges";

    internal static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };

    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly JsonObject _root;

    // In the definition's order: a draft, or a node of another type.
    private readonly List<(WebhookDraft? Webhook, JsonNode? Other)> _nodes = [];
    private readonly HashSet<string> _removed = new(StringComparer.Ordinal);

    /// <summary>Begins to edit a definition.</summary>
    /// <exception cref="FormatException">It is none that could be edited node by node.</exception>
    public DefinitionDraft(JsonElement definition)
    {
        if (definition.ValueKind != JsonValueKind.Object || !definition.TryGetProperty(Nodes, out var nodes) || nodes.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException("The definition is not an object with nodes.");
        }

        try
        {
            _root = JsonObject.Create(definition)!;
            _ = _root.Count;
            foreach (var node in nodes.EnumerateArray())
            {
                var isWebhook = node.ValueKind == JsonValueKind.Object && node.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("webhook");
                _nodes.Add(isWebhook ? (WebhookDraft.Read(JsonObject.Create(node)!), null) : (null, node.ValueKind == JsonValueKind.Null ? null : JsonNode.Parse(node.GetRawText())));
            }
        }
        catch (ArgumentException e)
        {
            // What JSON allows, and no dictionary does.
            throw new FormatException("The definition has two members of one name in one object.", e);
        }
    }

    /// <summary>A definition without nodes.</summary>
    public static DefinitionDraft New() => new(JsonElement.Parse("""{"nodes": [], "edges": []}"""));

    /// <summary>The webhook nodes, in the definition's order.</summary>
    public IReadOnlyList<WebhookDraft> Webhooks => [.. _nodes.Where(node => node.Webhook is not null).Select(node => node.Webhook!)];

    /// <summary>How many nodes of other types there are.</summary>
    public int Others => _nodes.Count(node => node.Webhook is null);

    /// <summary>Adds a webhook node.</summary>
    public WebhookDraft Add()
    {
        var ids = Webhooks.Select(webhook => webhook.Id).ToHashSet(StringComparer.Ordinal);
        var id = Enumerable.Range(1, int.MaxValue).Select(n => $"webhook-{n}").First(each => !ids.Contains(each));
        var added = WebhookDraft.New(id);
        _nodes.Add((added, null));
        return added;
    }

    /// <summary>Removes a webhook node, and the edges that lead to it or from it.</summary>
    public void Remove(WebhookDraft webhook)
    {
        _nodes.RemoveAll(node => node.Webhook == webhook);
        _removed.Add(webhook.Id);
    }

    /// <summary>Where a webhook node stands in a body that saves the definition: the beginning of its faults' JSON pointers.</summary>
    public string PointerOf(WebhookDraft webhook) => $"/workflow_definition/nodes/{_nodes.FindIndex(node => node.Webhook == webhook)}";

    /// <summary>The webhook node that a JSON pointer leads into; null if it leads into none.</summary>
    public WebhookDraft? Find(string pointer) =>
        pointer.Split('/') is ["", "workflow_definition", Nodes, var index, ..] && int.TryParse(index, out var at) && at >= 0 && at < _nodes.Count ? _nodes[at].Webhook : null;

    /// <summary>The definition as it is now.</summary>
    /// <exception cref="JsonException">A template is no JSON; <see cref="WebhookDraft.TemplateFault"/> says where.</exception>
    public JsonElement Build() => JsonElement.Parse(BuildText());

    /// <summary>Its text, to see whether anything has changed.</summary>
    /// <exception cref="JsonException">A template is no JSON.</exception>
    public string BuildText()
    {
        var root = (JsonObject)_root.DeepClone();
        root[Nodes] = new JsonArray([.. _nodes.Select(node => node.Webhook is { } webhook ? webhook.Build() : node.Other?.DeepClone())]);
        // What is there under its id now has taken its place.
        var gone = _removed.Except(Webhooks.Select(webhook => webhook.Id), StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        if (gone.Count > 0 && root[Edges] is JsonArray edges)
        {
            root[Edges] = new JsonArray([.. edges.Where(edge => !gone.Contains(End(edge, "source")) && !gone.Contains(End(edge, "target"))).Select(edge => edge?.DeepClone())]);
        }

        return root.ToJsonString(Compact);
    }

    private static string End(JsonNode? edge, string name) =>
        edge is JsonObject ends && ends[name] is JsonValue value && value.TryGetValue<string>(out var id) ? id : "\0";
}
