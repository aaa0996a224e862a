using System.Globalization;
using System.Text.RegularExpressions;
using Dograh.Api.Http;

namespace Dograh.Api.Figures;

/// <summary>A span of time that ends now, such as <c>15m</c>, <c>6h</c> or <c>3d</c>.</summary>
/// <param name="Name">As it was asked for.</param>
/// <param name="Length">How long it is.</param>
internal sealed partial record StatsWindow(string Name, TimeSpan Length)
{
    private const string Default = "1h";

    // What divides the hour, the day or several: a bucket then begins where a clock shows it. Seconds.
    private static readonly int[] Widths = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 28_800, 43_200];

    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>The most buckets that a window has.</summary>
    public const int MaxBuckets = 120;

    /// <summary>How wide its buckets are: the narrowest of which there are no more than <see cref="MaxBuckets"/>, the one that is under way among them.</summary>
    public TimeSpan BucketWidth => TimeSpan.FromSeconds(Widths.First(width => (Length.TotalSeconds / width) + 1 <= MaxBuckets));

    /// <summary>Reads a window.</summary>
    /// <exception cref="ApiProblemException">It is none: 422.</exception>
    public static StatsWindow Read(string? text)
    {
        var name = string.IsNullOrEmpty(text) ? Default : text;
        if (Pattern().Match(name) is { Success: true } match)
        {
            var number = int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture);
            var length = match.Groups["unit"].Value switch { "m" => TimeSpan.FromMinutes(number), "h" => TimeSpan.FromHours(number), _ => TimeSpan.FromDays(number) };
            if (length >= Shortest && length <= Longest) return new StatsWindow(name, length);
        }

        throw ApiProblemException.Unprocessable("window", "must be a number of minutes, hours or days from 5m to 30d, such as 15m, 6h or 3d");
    }

    [GeneratedRegex("^(?<number>[1-9][0-9]{0,4})(?<unit>[mhd])\\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Pattern();
}
