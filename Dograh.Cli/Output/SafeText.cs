using System.Globalization;
using System.Text;

namespace Dograh.Cli.Output;

/// <summary>Makes text that others wrote fit for a terminal: what would move its cursor, colour it or turn its direction is written out.</summary>
internal static class SafeText
{
    /// <summary>The text on one line.</summary>
    public static string Line(string text) => Of(text.ReplaceLineEndings(" "), keepLines: false);

    /// <summary>The text with its lines.</summary>
    public static string Lines(string text) => Of(text.ReplaceLineEndings("\n"), keepLines: true);

    private static string Of(string text, bool keepLines)
    {
        if (!text.Any(character => IsHarmful(character, keepLines))) return text;
        var safe = new StringBuilder(text.Length + 16);
        foreach (var character in text)
        {
            if (IsHarmful(character, keepLines)) safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            else safe.Append(character);
        }

        return safe.ToString();
    }

    // Cc: escapes and the like. Cf: marks of direction, among others. Lone surrogates are no characters.
    private static bool IsHarmful(char character, bool keepLines) =>
        !(keepLines && character is '\n')
        && (char.IsControl(character) || (char.GetUnicodeCategory(character) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator && character != '\u200d'));
}
