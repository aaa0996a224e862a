using System.Globalization;
using System.Text;

namespace Dograh.Api.Deliveries;

/// <summary>Writes CSV (RFC 4180) that is text to a spreadsheet too: a cell that would begin a formula begins with an apostrophe instead.</summary>
internal static class CsvWriter
{
    private const string EndOfLine = "\r\n";

    /// <summary>Appends a line.</summary>
    public static void AppendLine(StringBuilder output, IReadOnlyList<object?> cells)
    {
        for (var i = 0; i < cells.Count; i++)
        {
            if (i > 0) output.Append(',');
            Append(output, cells[i]);
        }

        output.Append(EndOfLine);
    }

    private static void Append(StringBuilder output, object? cell)
    {
        if (cell is not string text)
        {
            output.Append(CultureInfo.InvariantCulture, $"{cell}");
            return;
        }

        // What spreadsheets take for the beginning of a formula, or skip before one.
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '＝' or '＋' or '－' or '＠') text = $"'{text}";
        if (text.AsSpan().ContainsAny("\",\r\n"))
        {
            output.Append('"').Append(text.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        }
        else
        {
            output.Append(text);
        }
    }
}
