using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Dograh.Webhooks.Rendering;

/// <summary>Reads JSON strings and names without ever throwing.</summary>
/// <remarks>
/// <see cref="JsonElement.GetString"/> throws on a lone surrogate (<c>"\ud800"</c>), which is well-formed JSON and may come from anyone.
/// Here each such unit, and each byte that is not UTF-8, becomes U+FFFD: it could be neither sent as UTF-8 nor stored.
/// </remarks>
internal static class JsonText
{
    /// <summary>The text of a JSON string.</summary>
    public static string Of(JsonElement element) => Decode(Raw(element));

    /// <summary>The name of a member.</summary>
    public static string NameOf(JsonProperty member) => Decode(JsonMarshal.GetRawUtf8PropertyName(member));

    public static bool IsEmpty(JsonElement element) => Raw(element).IsEmpty;

    /// <summary>Whether a member has this name; <paramref name="utf8Name"/> is the same name as UTF-8.</summary>
    public static bool NameEquals(JsonProperty member, ReadOnlySpan<char> name, ReadOnlySpan<byte> utf8Name)
    {
        ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8PropertyName(member);
        return raw.Contains((byte)'\\') ? name.SequenceEqual(Decode(raw)) : raw.SequenceEqual(utf8Name);
    }

    public static void AppendTo(RenderBuffer output, JsonElement element)
    {
        ReadOnlySpan<byte> raw = Raw(element);
        output.Commit(Decode(raw, output.Reserve(raw.Length)));
    }

    // The raw value with its quotes off, escapes still in it.
    private static ReadOnlySpan<byte> Raw(JsonElement element) => JsonMarshal.GetRawUtf8Value(element)[1..^1];

    private static string Decode(ReadOnlySpan<byte> raw)
    {
        if (!raw.Contains((byte)'\\'))
            return Encoding.UTF8.GetString(raw);

        char[] rented = ArrayPool<char>.Shared.Rent(raw.Length);
        string text = new(rented.AsSpan(0, Decode(raw, rented)));
        ArrayPool<char>.Shared.Return(rented);
        return text;
    }

    // No escape is shorter than what it stands for, and no UTF-8 sequence shorter than its UTF-16: raw.Length characters always suffice.
    private static int Decode(ReadOnlySpan<byte> raw, Span<char> output)
    {
        int written = 0;
        while (!raw.IsEmpty)
        {
            int plain = raw.IndexOf((byte)'\\');
            if (plain < 0)
                plain = raw.Length;
            written += Encoding.UTF8.GetChars(raw[..plain], output[written..]);
            raw = raw[plain..];
            if (raw.IsEmpty)
                break;

            raw = raw[DecodeEscape(raw, out char c)..];
            output[written++] = c;
            if (char.IsHighSurrogate(c) && StartsWithUnicodeEscape(raw) && char.IsLowSurrogate(UnicodeEscape(raw)))
            {
                output[written++] = UnicodeEscape(raw);
                raw = raw[6..];
            }
            else if (char.IsSurrogate(c))
            {
                output[written - 1] = '\uFFFD';
            }
        }

        return written;
    }

    private static int DecodeEscape(ReadOnlySpan<byte> raw, out char c)
    {
        c = raw[1] switch
        {
            (byte)'n' => '\n',
            (byte)'r' => '\r',
            (byte)'t' => '\t',
            (byte)'b' => '\b',
            (byte)'f' => '\f',
            (byte)'u' => UnicodeEscape(raw),
            byte other => (char)other,
        };

        return raw[1] == 'u' ? 6 : 2;
    }

    private static bool StartsWithUnicodeEscape(ReadOnlySpan<byte> raw) => raw.StartsWith("\\u"u8);

    private static char UnicodeEscape(ReadOnlySpan<byte> raw) =>
        (char)ushort.Parse(raw.Slice(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
