using System.Text.Json;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>JSON as a <c>json</c> column holds it: the text as it was written.</summary>
public static class JsonColumn
{
    /// <summary>The text to store; null for what is missing or null.</summary>
    public static string? Of(JsonElement element) =>
        element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null ? null : element.GetRawText();

    /// <summary>The element of a stored text; undefined for null.</summary>
    public static JsonElement Parse(string? text) => text is null ? default : JsonElement.Parse(text);
}
