namespace Dograh.WebConsole.Components;

/// <summary>Lengths of time in words.</summary>
public static class Spans
{
    /// <summary>A length at a glance: <c>850 ms</c>, <c>4.2 s</c>, <c>3 min</c>, <c>5 h</c>, <c>12 d</c>.</summary>
    public static string Short(TimeSpan length) => length.Duration() switch
    {
        { TotalMilliseconds: < 1000 } x => $"{x.TotalMilliseconds:0} ms",
        { TotalSeconds: < 10 } x => $"{x.TotalSeconds:0.0} s",
        { TotalSeconds: < 60 } x => $"{Math.Floor(x.TotalSeconds):0} s",
        { TotalMinutes: < 60 } x => $"{Math.Floor(x.TotalMinutes):0} min",
        { TotalHours: < 48 } x => $"{Math.Floor(x.TotalHours):0} h",
        var x => $"{Math.Floor(x.TotalDays):0} d",
    };

    /// <summary>A length to be compared with others, with two digits at least: <c>4.2 ms</c>, <c>850 ms</c>, <c>4.2 s</c>, <c>6.7 min</c>, <c>3.2 h</c>, <c>12.5 d</c>.</summary>
    public static string Precise(TimeSpan length) => length.Duration() switch
    {
        { TotalMilliseconds: < 9.95 } x => $"{x.TotalMilliseconds:0.#} ms",
        { TotalMilliseconds: < 999.5 } x => $"{x.TotalMilliseconds:0} ms",
        { TotalSeconds: < 59.95 } x => $"{x.TotalSeconds:0.#} s",
        { TotalMinutes: < 59.95 } x => $"{x.TotalMinutes:0.#} min",
        { TotalHours: < 47.95 } x => $"{x.TotalHours:0.#} h",
        var x => $"{x.TotalDays:0.#} d",
    };

    /// <summary>A moment from now: <c>3 min ago</c>, <c>in 20 s</c>, <c>just now</c>.</summary>
    /// <param name="fromNow">Negative for what is past.</param>
    public static string Relative(TimeSpan fromNow) =>
        fromNow.Duration() < TimeSpan.FromSeconds(1) ? "just now" : fromNow < TimeSpan.Zero ? $"{Short(fromNow)} ago" : $"in {Short(fromNow)}";
}
