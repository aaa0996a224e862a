using System.Text.Json;

namespace Dograh.WebConsole.Workflows;

/// <summary>The names of a definition's webhook nodes.</summary>
public static class WebhookNames
{
    /// <summary>In the definition's order; a node without a name by its id.</summary>
    public static IReadOnlyList<string> Of(JsonElement definition) =>
        definition.ValueKind == JsonValueKind.Object && definition.TryGetProperty("nodes", out var nodes) && nodes.ValueKind == JsonValueKind.Array
            ? [.. nodes.EnumerateArray().Where(node => Text(node, "type") == "webhook").Select(node => (node.TryGetProperty("data", out var data) ? Text(data, "name") : null) ?? Text(node, "id") ?? "?")]
            : [];

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
