using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Dograh.Webhooks.Rendering;

/// <summary>Writes JSON numbers as the original implementation did: integers digit for digit, all others as a double.</summary>
/// <remarks>
/// A double is written with the fewest digits that read back as the same double; with an exponent when that is below -4 or from 16 on,
/// which then has a sign and two digits at least (<c>1e-05</c>, <c>1.5e+300</c>), and otherwise always with a point (<c>73.0</c>).
/// </remarks>
internal static class NumberText
{
    private const int LongestDouble = 32;

    /// <summary>Appends a number.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="element">A JSON number.</param>
    /// <param name="infinity">What a number beyond the range of a double is called; null leaves it as it was written.</param>
    public static void AppendTo(RenderBuffer output, JsonElement element, string? infinity)
    {
        ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8Value(element);
        if (!raw.ContainsAny(".eE"u8))
        {
            AppendAscii(output, raw.SequenceEqual("-0"u8) ? "0"u8 : raw);
            return;
        }

        double value = double.Parse(raw, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (double.IsFinite(value))
        {
            AppendDouble(output, value);
        }
        else if (infinity is null)
        {
            AppendAscii(output, raw);
        }
        else
        {
            if (value < 0)
                output.Append('-');
            output.Append(infinity);
        }
    }

    private static void AppendDouble(RenderBuffer output, double value)
    {
        Span<char> shortest = stackalloc char[LongestDouble];
        value.TryFormat(shortest, out int length, "R", CultureInfo.InvariantCulture);
        ReadOnlySpan<char> text = shortest[..length];
        if (text[0] == '-')
        {
            output.Append('-');
            text = text[1..];
        }

        // "1.5E+300", "0.00012", "73": gather the digits d1 d2 d3… and the exponent that puts the point after d1.
        Span<char> digits = stackalloc char[LongestDouble];
        int count = 0, exponent = 0, point = -1, i = 0;
        for (; i < text.Length && text[i] != 'E'; i++)
        {
            if (text[i] == '.')
                point = count;
            else
                digits[count++] = text[i];
        }

        if (i < text.Length)
            exponent = int.Parse(text[(i + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        exponent += (point < 0 ? count : point) - 1;
        int leadingZeros = 0;
        while (leadingZeros < count - 1 && digits[leadingZeros] == '0')
            leadingZeros++;
        exponent -= leadingZeros;
        ReadOnlySpan<char> significant = digits[leadingZeros..count].TrimEnd('0');
        if (significant.IsEmpty)
            AppendDigits(output, "0", exponent: 0);
        else
            AppendDigits(output, significant, exponent);
    }

    private static void AppendDigits(RenderBuffer output, ReadOnlySpan<char> digits, int exponent)
    {
        switch (exponent)
        {
            case < -4 or >= 16:
                output.Append(digits[0]);
                if (digits.Length > 1)
                {
                    output.Append('.');
                    output.Append(digits[1..]);
                }

                output.Append(exponent < 0 ? "e-" : "e+");
                int size = Math.Abs(exponent);
                if (size < 10)
                    output.Append('0');
                output.Append(size.ToString(CultureInfo.InvariantCulture));
                break;

            case < 0:
                output.Append("0.");
                for (int zero = -1; zero > exponent; zero--)
                    output.Append('0');
                output.Append(digits);
                break;

            default:
                for (int i = 0; i <= exponent; i++)
                    output.Append(i < digits.Length ? digits[i] : '0');
                output.Append('.');
                output.Append(exponent + 1 < digits.Length ? digits[(exponent + 1)..] : "0");
                break;
        }
    }

    private static void AppendAscii(RenderBuffer output, ReadOnlySpan<byte> digits) =>
        output.Commit(Encoding.ASCII.GetChars(digits, output.Reserve(digits.Length)));
}
