using System.Globalization;
using Spectre.Console;

namespace Dograh.Cli.Output;

/// <summary>How numbers, times and states are said.</summary>
internal static class Words
{
    /// <summary>A state in its colour; the word tells it too.</summary>
    public static Cell State(string status) => new(status, StyleOf(status));

    /// <summary>A state as markup.</summary>
    public static string StateMarkup(string status) => StyleOf(status) is { } style ? $"[{style.ToMarkup()}]{Screen.Escape(status)}[/]" : Screen.Escape(status);

    /// <summary>How long something took or takes: <c>12 ms</c>, <c>3.4 s</c>, <c>5 min</c>, <c>2 h</c>, <c>3 d</c>.</summary>
    public static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms"),
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min"),
        { TotalDays: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalDays:0} d"),
    };

    /// <summary>Milliseconds that may not have been measured.</summary>
    public static string Milliseconds(double? milliseconds) => milliseconds is { } value ? Duration(TimeSpan.FromMilliseconds(value)) : "–";

    /// <summary>How long ago something was.</summary>
    public static string Age(DateTimeOffset time)
    {
        var age = TimeProvider.System.GetUtcNow() - time;
        return age < TimeSpan.FromSeconds(1) ? "now" : Duration(TimeSpan.FromSeconds(Math.Floor(age.TotalSeconds)));
    }

    /// <summary>A share of all.</summary>
    public static string Percent(double? share) => share is { } value ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(value * 1000) / 10:0.#} %") : "–";

    /// <summary>A time of day, UTC.</summary>
    public static string Clock(DateTimeOffset time) => time.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A time, UTC.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A number and what it counts.</summary>
    public static string Count(long number, string one, string many) => string.Create(CultureInfo.InvariantCulture, $"{number:N0} {(number == 1 ? one : many)}");

    private static Style? StyleOf(string status) => status switch
    {
        "succeeded" => (Style?)new Style(Color.Green),
        "pending" => new Style(Color.Yellow),
        "dead_letter" => new Style(Color.Red),
        "cancelled" => new Style(Color.Grey),
        _ => null,
    };
}
