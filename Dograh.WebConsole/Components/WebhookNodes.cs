using System.Text.Json;
using Dograh.Client;

namespace Dograh.WebConsole.Components;

/// <summary>The webhook nodes of a workflow's definition.</summary>
internal static class WebhookNodes
{
    /// <summary>Reads them; what is no webhook node, or not as it must be, is passed over.</summary>
    public static IEnumerable<WebhookNodeOf> Of(Workflow workflow)
    {
        if (workflow.WorkflowDefinition.ValueKind != JsonValueKind.Object || !workflow.WorkflowDefinition.TryGetProperty("nodes", out var nodes) || nodes.ValueKind != JsonValueKind.Array) yield break;
        foreach (var node in nodes.EnumerateArray())
        {
            if (Text(node, "type") == "webhook" && Text(node, "id") is { } id && node.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Object)
            {
                yield return new WebhookNodeOf(workflow, id, Text(data, "name") ?? id, data);
            }
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>A webhook node.</summary>
/// <param name="Workflow">The workflow that it is of.</param>
/// <param name="Id">Its id there.</param>
/// <param name="Name">Its name.</param>
/// <param name="Data">What it sends, and where.</param>
internal sealed record WebhookNodeOf(Workflow Workflow, string Id, string Name, JsonElement Data);
