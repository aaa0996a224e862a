using System.Text.Json;

namespace Dograh.Webhooks.Workflows;

/// <summary>A node of type <c>webhook</c> in a stored definition. Saving has checked its shape; anything missing has its default here.</summary>
public sealed record WebhookNode
{
    /// <summary>The node type that this is.</summary>
    public const string NodeType = "webhook";

    /// <summary>The methods that a node may use.</summary>
    public static readonly IReadOnlySet<string> Methods = new HashSet<string>(StringComparer.Ordinal) { "POST", "GET", "PUT", "PATCH", "DELETE" };

    /// <summary>The node's id, unique in its definition.</summary>
    public required string Id { get; init; }

    /// <summary>The node's name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it sends at all.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The method, in upper case.</summary>
    public string HttpMethod { get; init; } = "POST";

    /// <summary>The URL; may hold placeholders.</summary>
    public required string EndpointUrl { get; init; }

    /// <summary>The credential to resolve when sending.</summary>
    public Guid? CredentialUuid { get; init; }

    /// <summary>The custom headers as written; may be undefined.</summary>
    public JsonElement CustomHeaders { get; init; }

    /// <summary>The payload's template; may be undefined.</summary>
    public JsonElement PayloadTemplate { get; init; }

    /// <summary>What the node sets itself of attempts, delays and deadline.</summary>
    public RetryConfig RetryConfig { get; init; } = new();

    /// <summary>Reads the webhook nodes of a definition, in its order.</summary>
    public static IReadOnlyList<WebhookNode> ReadAll(JsonElement definition)
    {
        var nodes = new List<WebhookNode>();
        if (definition.ValueKind != JsonValueKind.Object || !definition.TryGetProperty("nodes", out var all) || all.ValueKind != JsonValueKind.Array)
        {
            return nodes;
        }

        foreach (var node in all.EnumerateArray())
        {
            if (node.ValueKind == JsonValueKind.Object && ReadText(node, "type") == NodeType) nodes.Add(Read(node));
        }

        return nodes;
    }

    private static WebhookNode Read(JsonElement node)
    {
        var data = node.TryGetProperty("data", out var element) ? element : default;
        return new WebhookNode
        {
            Id = ReadText(node, "id") ?? "",
            Name = ReadText(data, "name") ?? "",
            Enabled = Find(data, "enabled").ValueKind != JsonValueKind.False,
            HttpMethod = ReadText(data, "http_method")?.ToUpperInvariant() ?? "POST",
            EndpointUrl = ReadText(data, "endpoint_url") ?? "",
            CredentialUuid = Guid.TryParse(ReadText(data, "credential_uuid"), out var uuid) ? uuid : null,
            CustomHeaders = Find(data, "custom_headers"),
            PayloadTemplate = Find(data, "payload_template"),
            RetryConfig = RetryConfig.Read(Find(data, "retry_config")),
        };
    }

    private static JsonElement Find(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    private static string? ReadText(JsonElement element, string name) =>
        Find(element, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}
