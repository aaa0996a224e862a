using System.Text.Json;
using System.Text.RegularExpressions;

namespace Dograh.WebConsole.Workflows;

/// <summary>What keeps a text from being JSON.</summary>
/// <param name="Line">In which line, from 1.</param>
/// <param name="Message">What is wrong.</param>
public sealed partial record JsonFault(int Line, string Message)
{
    /// <summary>Finds it; null if the text is JSON, or nothing.</summary>
    public static JsonFault? Find(string text)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        try
        {
            _ = JsonElement.Parse(text);
            return null;
        }
        catch (JsonException e)
        {
            return new JsonFault((int)(e.LineNumber ?? 0) + 1, Place().Replace(e.Message, ""));
        }
    }

    // "… LineNumber: 2 | BytePositionInLine: 5.": counted from 0, and for machines.
    [GeneratedRegex(@"\s*(Path: \S* \| )?LineNumber: \d+ \| BytePositionInLine: \d+\.", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Place();
}
