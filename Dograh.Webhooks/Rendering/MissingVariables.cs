using System.Text.Json;
using Dograh.Webhooks.Workflows;

namespace Dograh.Webhooks.Rendering;

/// <summary>Finds what a node's templates name that a run does not have.</summary>
public static class MissingVariables
{
    /// <summary>The names without a value and without a fallback, in the URL, the headers' values and the payload; each once, in this order.</summary>
    public static IReadOnlyList<string> Of(WebhookNode node, RenderContext context)
    {
        OrderedDictionary<string, bool> missing = [];
        AddFrom(missing, node.EndpointUrl, context);
        if (node.CustomHeaders.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement header in node.CustomHeaders.EnumerateArray())
            {
                if (RenderContext.TryGetMember(header, "value", out JsonElement value) && value.ValueKind == JsonValueKind.String)
                    AddFrom(missing, JsonText.Of(value), context);
            }
        }

        AddFrom(missing, node.PayloadTemplate, context);
        return [.. missing.Keys];
    }

    private static void AddFrom(OrderedDictionary<string, bool> missing, JsonElement template, RenderContext context)
    {
        switch (template.ValueKind)
        {
            case JsonValueKind.String:
                AddFrom(missing, JsonText.Of(template), context);
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in template.EnumerateArray())
                    AddFrom(missing, item, context);
                break;
            case JsonValueKind.Object:
                foreach ((string name, JsonElement value) in JsonMembers.Of(template))
                {
                    AddFrom(missing, name, context);
                    AddFrom(missing, value, context);
                }

                break;
            default:
                break;
        }
    }

    private static void AddFrom(OrderedDictionary<string, bool> missing, string template, RenderContext context)
    {
        var scanner = new PlaceholderScanner(template);
        while (scanner.MoveNext(out Placeholder placeholder))
        {
            if (PlaceholderValue.Of(placeholder, context, template).Kind == JsonValueKind.Undefined)
                missing.TryAdd(placeholder.Path.ToString(), value: true);
        }
    }
}
