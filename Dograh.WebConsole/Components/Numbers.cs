namespace Dograh.WebConsole.Components;

/// <summary>Figures as they are written.</summary>
public static class Numbers
{
    /// <summary>So many a minute: three digits are enough.</summary>
    public static string Rate(double rate) => rate switch
    {
        0 => "0",
        < 0.1 => rate.ToString("0.###"),
        < 10 => rate.ToString("0.##"),
        < 100 => rate.ToString("0.#"),
        _ => rate.ToString("N0"),
    };

    /// <summary>A share. What is not all is not written as 100 %.</summary>
    public static string Share(double? share) => share is not { } part ? "–" : part is < 1 and > 0.999 ? "> 99.9 %" : $"{part * 100:0.#} %";

    /// <summary>A length of time in milliseconds, in the unit that suits it.</summary>
    public static string Time(double? milliseconds) => milliseconds is { } length ? Spans.Precise(TimeSpan.FromMilliseconds(length)) : "–";
}
