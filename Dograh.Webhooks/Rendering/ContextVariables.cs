using System.Text.Json;

namespace Dograh.Webhooks.Rendering;

/// <summary>Tells the names that a template may use: what every template has, and what runs of late have held.</summary>
public static class ContextVariables
{
    /// <summary>How many names are told at most.</summary>
    public const int MaxCount = 500;

    private const int MaxDepth = 6;
    private const int MaxSampleLength = 120;
    private const string Text = "string";

    private static readonly ContextVariable[] BuiltIns =
    [
        new("current_time", Text, "2026-01-31 12:00:00 UTC"),
        new("current_weekday", Text, "Saturday"),
        new("current_time_Europe/Berlin", Text, "2026-01-31 13:00:00 CET"),
    ];

    /// <summary>Lists the names, each once, with a value that it has: the first of the contexts that knows the name says which.</summary>
    /// <param name="contexts">The contexts of runs, those that count most first.</param>
    /// <returns>At most <see cref="MaxCount"/>: the built-in ones, then the contexts' in their own order, an object before what it holds.</returns>
    /// <remarks>A name that no placeholder can spell, with white space in it, say, is not told; nor what lies within an array, which no path leads into.</remarks>
    public static IReadOnlyList<ContextVariable> Of(IEnumerable<RenderContext> contexts)
    {
        OrderedDictionary<string, ContextVariable> found = [];
        foreach (ContextVariable builtIn in BuiltIns)
            found[builtIn.Name] = builtIn;
        foreach (RenderContext context in contexts)
        {
            if (context.Root is { ValueKind: JsonValueKind.Object } root)
                Add(found, root, prefix: "", context);
        }

        return [.. found.Values];
    }

    private static void Add(OrderedDictionary<string, ContextVariable> found, JsonElement owner, string prefix, RenderContext context)
    {
        foreach ((string name, JsonElement value) in JsonMembers.Of(owner))
        {
            if (found.Count >= MaxCount)
                return;
            if (!CanBeSpelled(name))
                continue;

            string path = prefix + name;
            // One that says more goes before one that is null, of an older run or of the same.
            if (!found.TryGetValue(path, out ContextVariable? before) || before.Type == "null")
                found[path] = new ContextVariable(path, TypeOf(value), Sample(path, value, context));
            if (value.ValueKind == JsonValueKind.Object && path.Count(c => c == '.') + 1 < MaxDepth)
                Add(found, value, path + ".", context);
        }
    }

    // What ends a path in a placeholder, or a step in a path.
    private static bool CanBeSpelled(string name) => name.Length > 0 && !name.Any(c => c is '.' or '|' or '}' || WhiteSpace.Is(c));

    private static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.String => Text,
        _ => "null",
    };

    // As a template would show it. What is large is not worth writing out to be cut.
    private static string? Sample(string path, JsonElement value, RenderContext context)
    {
        if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null)
            return null;

        string text = value.ValueKind == JsonValueKind.String ? JsonText.Of(value) : TemplateRenderer.RenderText($"{{{{{path}}}}}", context);
        return text.Length <= MaxSampleLength ? text : string.Concat(text.AsSpan(0, Boundary(text)), "…");
    }

    private static int Boundary(string text) => char.IsHighSurrogate(text[MaxSampleLength - 1]) ? MaxSampleLength - 1 : MaxSampleLength;
}

/// <summary>A name that a template may use.</summary>
/// <param name="Name">The path, as it stands between the braces.</param>
/// <param name="Type"><c>string</c>, <c>number</c>, <c>boolean</c>, <c>object</c>, <c>array</c> or <c>null</c>.</param>
/// <param name="Sample">A value that it has had, as text and cut; null for one that is no text.</param>
public sealed record ContextVariable(string Name, string Type, string? Sample);
