using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Dograh.Cli.Output;

/// <summary>Times and durations as they are typed: <c>2h</c>, <c>2026-01-31T12:00:00Z</c>.</summary>
internal static class Moments
{
    /// <summary>An option that takes a moment: how long ago, or when.</summary>
    public static Option<DateTimeOffset?> Option(string name, string description) => new(name)
    {
        Description = $"{description}: how long ago (30m, 2h, 7d), or when (2026-01-31T12:00Z).", HelpName = "time", CustomParser = result => Read(result, ReadMoment),
    };

    /// <summary>An option that takes a duration.</summary>
    public static Option<TimeSpan?> Duration(string name, string description) => new(name)
    {
        Description = $"{description} (500ms, 30s, 5m).", HelpName = "duration", CustomParser = result => Read(result, ReadDuration),
    };

    /// <summary>Reads a duration; null if it is none.</summary>
    public static TimeSpan? ReadDuration(string text)
    {
        var digits = text.TakeWhile(character => char.IsAsciiDigit(character) || character == '.').Count();
        if (!double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number > 1e6) return null;
        return text[digits..].Trim() switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "" or "s" => TimeSpan.FromSeconds(number),
            "m" or "min" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            "d" => TimeSpan.FromDays(number),
            _ => null,
        };
    }

    /// <summary>Reads a moment; null if it is none.</summary>
    public static DateTimeOffset? ReadMoment(string text) => ReadDuration(text) is { } ago ? TimeProvider.System.GetUtcNow() - ago
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time
        : null;

    private static T? Read<T>(ArgumentResult result, Func<string, T?> read) where T : struct
    {
        var text = result.Tokens.Single().Value;
        var value = read(text);
        if (value is null) result.AddError($"'{text}' is neither a time nor a duration, such as 30s, 2h or 2026-01-31T12:00Z.");
        return value;
    }
}
