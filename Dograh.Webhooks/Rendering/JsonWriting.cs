using System.Buffers;
using System.Text.Json;

namespace Dograh.Webhooks.Rendering;

/// <summary>Writes JSON values, compact as they go over the wire or spaced as they stand in text.</summary>
/// <remarks>
/// Both forms are byte for byte those of the original implementation, whose receivers verify signatures over the body and match texts:
/// <see cref="AppendCompact"/> has no white space and leaves non-ASCII as it is, <see cref="AppendSpaced"/> has <c>", "</c> and <c>": "</c> and
/// escapes all but printable ASCII. Recursion is as deep as the document, which its parser has bounded.
/// </remarks>
internal static class JsonWriting
{
    private static readonly SearchValues<char> EscapedInCompact = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(c => (char)c), '"', '\\']);

    /// <summary>Appends a value as it is sent.</summary>
    public static void AppendCompact(RenderBuffer output, JsonElement value) => Append(output, value, spaced: false);

    /// <summary>Appends a value as it stands in a text.</summary>
    public static void AppendSpaced(RenderBuffer output, JsonElement value) => Append(output, value, spaced: true);

    /// <summary>Appends a JSON string, non-ASCII as it is.</summary>
    public static void AppendCompactString(RenderBuffer output, ReadOnlySpan<char> text)
    {
        output.Append('"');
        int plain;
        while ((plain = text.IndexOfAny(EscapedInCompact)) >= 0)
        {
            output.Append(text[..plain]);
            AppendEscape(output, text[plain]);
            text = text[(plain + 1)..];
        }

        output.Append(text);
        output.Append('"');
    }

    private static void Append(RenderBuffer output, JsonElement value, bool spaced)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                AppendObject(output, value, spaced);
                break;
            case JsonValueKind.Array:
                AppendArray(output, value, spaced);
                break;
            case JsonValueKind.String:
                AppendString(output, JsonText.Of(value), spaced);
                break;
            case JsonValueKind.Number:
                NumberText.AppendTo(output, value, infinity: spaced ? "Infinity" : null);
                break;
            case JsonValueKind.True:
                output.Append("true");
                break;
            case JsonValueKind.False:
                output.Append("false");
                break;
            case JsonValueKind.Undefined:
            case JsonValueKind.Null:
            default:
                output.Append("null");
                break;
        }
    }

    private static void AppendObject(RenderBuffer output, JsonElement value, bool spaced)
    {
        output.Append('{');
        bool first = true;
        foreach ((string name, JsonElement member) in JsonMembers.Of(value))
        {
            if (!first)
                output.Append(spaced ? ", " : ",");
            first = false;
            AppendString(output, name, spaced);
            output.Append(spaced ? ": " : ":");
            Append(output, member, spaced);
        }

        output.Append('}');
    }

    private static void AppendArray(RenderBuffer output, JsonElement value, bool spaced)
    {
        output.Append('[');
        bool first = true;
        foreach (JsonElement item in value.EnumerateArray())
        {
            if (!first)
                output.Append(spaced ? ", " : ",");
            first = false;
            Append(output, item, spaced);
        }

        output.Append(']');
    }

    private static void AppendString(RenderBuffer output, string text, bool spaced)
    {
        if (spaced)
            AppendAsciiString(output, text);
        else
            AppendCompactString(output, text);
    }

    private static void AppendAsciiString(RenderBuffer output, ReadOnlySpan<char> text)
    {
        output.Append('"');
        foreach (char c in text)
        {
            if (c is >= ' ' and <= '~' and not '"' and not '\\')
                output.Append(c);
            else
                AppendEscape(output, c);
        }

        output.Append('"');
    }

    private static void AppendEscape(RenderBuffer output, char c)
    {
        output.Append('\\');
        switch (c)
        {
            case '"' or '\\':
                output.Append(c);
                break;
            case '\n':
                output.Append('n');
                break;
            case '\r':
                output.Append('r');
                break;
            case '\t':
                output.Append('t');
                break;
            case '\b':
                output.Append('b');
                break;
            case '\f':
                output.Append('f');
                break;
            default:
                output.Append('u');
                for (int shift = 12; shift >= 0; shift -= 4)
                    output.Append("0123456789abcdef"[(c >> shift) & 0xf]);
                break;
        }
    }
}
