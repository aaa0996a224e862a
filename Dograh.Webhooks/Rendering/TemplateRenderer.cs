using System.Text.Json;

namespace Dograh.Webhooks.Rendering;

/// <summary>Renders templates: strings with placeholders, and any JSON with such strings in it.</summary>
/// <remarks>
/// <list type="bullet">
/// <item><c>{{path.to.value}}</c> becomes the value as text, <c>""</c> where there is none. What is substituted is never rendered again.</item>
/// <item><c>{{path | fallback:X}}</c> and <c>{{path | X}}</c> become <c>X</c> where the value is missing, null or <c>""</c>; <c>{{path | fallback}}</c>
/// becomes the path in title case.</item>
/// <item>After substitution every <c>\n</c> of two characters becomes a newline, in substituted text too.</item>
/// <item>In JSON, names and strings are rendered at any depth and all else stays as it is; a rendered string stays a string. Where
/// rendered names collide the last value counts, at the first one's position.</item>
/// </list>
/// The only fault is <see cref="RenderedTooLongException"/>: what looks like a placeholder and is none stays as it is written.
/// </remarks>
public static class TemplateRenderer
{
    /// <summary>Renders one string.</summary>
    /// <param name="template">The string, with or without placeholders.</param>
    /// <param name="context">The run's values.</param>
    /// <returns>The rendered text.</returns>
    /// <exception cref="RenderedTooLongException">It would exceed <see cref="RenderContext.MaxLength"/>.</exception>
    public static string RenderText(string template, RenderContext context)
    {
        if (!template.Contains("{{", StringComparison.Ordinal))
            return template.Replace("\\n", "\n", StringComparison.Ordinal);

        using var output = new RenderBuffer(context.MaxLength);
        AppendText(output, template, context);
        return output.ToString();
    }

    /// <summary>Renders any JSON.</summary>
    /// <param name="template">The template; an undefined one counts as null.</param>
    /// <param name="context">The run's values.</param>
    /// <returns>Compact JSON: no white space, non-ASCII as it is, numbers as <see cref="NumberText"/> says.</returns>
    /// <exception cref="RenderedTooLongException">It would exceed <see cref="RenderContext.MaxLength"/>.</exception>
    public static string RenderJson(JsonElement template, RenderContext context)
    {
        using var output = new RenderBuffer(context.MaxLength);
        AppendJson(output, template, context);
        return output.ToString();
    }

    internal static void AppendText(RenderBuffer output, ReadOnlySpan<char> template, RenderContext context)
    {
        int start = output.Length;
        int copied = 0;
        var scanner = new PlaceholderScanner(template);
        while (scanner.MoveNext(out Placeholder placeholder))
        {
            output.Append(template[copied..placeholder.Start]);
            PlaceholderValue.Of(placeholder, context, template).AppendTo(output);
            copied = placeholder.End;
        }

        output.Append(template[copied..]);
        output.ReplaceEscapedNewlines(start);
    }

    internal static void AppendJson(RenderBuffer output, JsonElement template, RenderContext context)
    {
        switch (template.ValueKind)
        {
            case JsonValueKind.Object:
                output.Append('{');
                AppendMembers(output, RenderNames(template, context), context);
                output.Append('}');
                break;
            case JsonValueKind.Array:
                AppendArray(output, template, context);
                break;
            case JsonValueKind.String:
                AppendString(output, JsonText.Of(template), context);
                break;
            default:
                JsonWriting.AppendCompact(output, template);
                break;
        }
    }

    /// <summary>An object's members under their rendered names, values not rendered yet.</summary>
    /// <remarks>Two steps on purpose: equal names are told apart before rendering, colliding ones after, and the order of values depends on it.</remarks>
    internal static OrderedDictionary<string, JsonElement> RenderNames(JsonElement template, RenderContext context)
    {
        OrderedDictionary<string, JsonElement> members = JsonMembers.Of(template);
        if (!members.Keys.Any(NeedsRendering))
            return members;

        var rendered = new OrderedDictionary<string, JsonElement>(members.Count);
        foreach ((string name, JsonElement value) in members)
            rendered[RenderText(name, context)] = value;

        return rendered;
    }

    internal static void AppendMembers(RenderBuffer output, OrderedDictionary<string, JsonElement> members, RenderContext context)
    {
        bool first = true;
        foreach ((string name, JsonElement value) in members)
        {
            if (!first)
                output.Append(',');
            first = false;
            JsonWriting.AppendCompactString(output, name);
            output.Append(':');
            AppendJson(output, value, context);
        }
    }

    private static void AppendString(RenderBuffer output, string template, RenderContext context)
    {
        if (!NeedsRendering(template))
        {
            JsonWriting.AppendCompactString(output, template);
            return;
        }

        using var text = new RenderBuffer(context.MaxLength);
        AppendText(text, template, context);
        JsonWriting.AppendCompactString(output, text.Written);
    }

    private static bool NeedsRendering(string name) => name.Contains("{{", StringComparison.Ordinal) || name.Contains("\\n", StringComparison.Ordinal);

    private static void AppendArray(RenderBuffer output, JsonElement template, RenderContext context)
    {
        output.Append('[');
        bool first = true;
        foreach (JsonElement item in template.EnumerateArray())
        {
            if (!first)
                output.Append(',');
            first = false;
            AppendJson(output, item, context);
        }

        output.Append(']');
    }
}
