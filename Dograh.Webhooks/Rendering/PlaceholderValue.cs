using System.Runtime.InteropServices;
using System.Text.Json;

namespace Dograh.Webhooks.Rendering;

/// <summary>What a placeholder stands for: text, a JSON value, or nothing.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct PlaceholderValue
{
    private const string InitialContext = "initial_context.";

    private readonly string? text;
    private readonly JsonElement element;

    private PlaceholderValue(string text) => this.text = text;

    private PlaceholderValue(JsonElement? element) => this.element = element ?? default;

    /// <summary>Null, <see cref="JsonValueKind.Undefined"/> where there is nothing, or else the kind of the value.</summary>
    public JsonValueKind Kind => text is null ? element.ValueKind : JsonValueKind.String;

    private bool IsNothingOrEmpty => text is null
        ? element.ValueKind == JsonValueKind.Undefined || (element.ValueKind == JsonValueKind.String && JsonText.IsEmpty(element))
        : text.Length == 0;

    /// <summary>Looks a placeholder's path up, built-in names first, and applies its filter.</summary>
    /// <param name="placeholder">The placeholder.</param>
    /// <param name="context">The run's values.</param>
    /// <param name="template">The string the placeholder stands in.</param>
    public static PlaceholderValue Of(in Placeholder placeholder, RenderContext context, ReadOnlySpan<char> template)
    {
        if (BuiltInValues.Find(placeholder.Path, context.Now, template) is { } builtIn)
            return new PlaceholderValue(builtIn);

        JsonElement? found = context.Find(placeholder.Path);
        if (found is null && placeholder.Path.StartsWith(InitialContext))
        {
            // `initial_context.` with nothing after it names the root itself.
            ReadOnlySpan<char> alias = placeholder.Path[InitialContext.Length..];
            found = alias.IsEmpty ? context.Root : context.Find(alias);
        }

        var value = new PlaceholderValue(found);
        return placeholder.HasFilter && value.IsNothingOrEmpty ? new PlaceholderValue(Fallback(placeholder)) : value;
    }

    /// <summary>Appends the value as text; nothing where there is nothing.</summary>
    public void AppendTo(RenderBuffer output)
    {
        if (text is not null)
        {
            output.Append(text);
            return;
        }

        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                JsonText.AppendTo(output, element);
                break;
            case JsonValueKind.Number:
                NumberText.AppendTo(output, element, infinity: "inf");
                break;
            case JsonValueKind.True:
                output.Append("True");
                break;
            case JsonValueKind.False:
                output.Append("False");
                break;
            case JsonValueKind.Object or JsonValueKind.Array:
                JsonWriting.AppendSpaced(output, element);
                break;
            default:
                break;
        }
    }

    // `| fallback:X` and `| X` are two spellings of one thing, so `| default:X` falls back to "default".
    private static string Fallback(in Placeholder placeholder)
    {
        if (!placeholder.Filter.SequenceEqual("fallback"))
            return placeholder.Filter.ToString();

        return placeholder.HasArgument ? placeholder.Argument.ToString() : TitleCase.Of(placeholder.Path);
    }
}
