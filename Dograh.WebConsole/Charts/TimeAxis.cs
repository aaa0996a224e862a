namespace Dograh.WebConsole.Charts;

/// <summary>An axis of time, in buckets of one length: where they are, what they are called, and which times are written below. All times are UTC.</summary>
/// <param name="First">When the first bucket begins.</param>
/// <param name="Width">How long a bucket is.</param>
/// <param name="Count">How many there are.</param>
public sealed record TimeAxis(DateTimeOffset First, TimeSpan Width, int Count)
{
    private const int MaxTicks = 7;
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    // Where a clock or a calendar is looked at. Minutes.
    private static readonly int[] Steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14_400];

    private TimeSpan Step => TimeSpan.FromMinutes(Steps.Cast<int?>().FirstOrDefault(minutes => Width * Count / TimeSpan.FromMinutes(minutes!.Value) <= MaxTicks) ?? Steps[^1]);

    /// <summary>The times that are written, each with how far along the axis it is, from 0 to 1.</summary>
    public IReadOnlyList<(double Position, string Text)> Ticks
    {
        get
        {
            var step = Step;
            var ticks = new List<(double, string)>();
            var time = DateTimeOffset.UnixEpoch + (Math.Ceiling((First - DateTimeOffset.UnixEpoch) / step) * step);
            for (; time < First + (Width * Count); time += step) ticks.Add(((time - First) / (Width * Count), TextOf(time, step)));
            return ticks;
        }
    }

    /// <summary>When a bucket begins.</summary>
    public DateTimeOffset StartOf(int bucket) => First + (Width * bucket);

    /// <summary>A bucket's span: <c>10:04–10:05</c>, with the day where the axis is longer than one.</summary>
    public string SpanOf(int bucket)
    {
        var (from, to) = (StartOf(bucket).UtcDateTime, StartOf(bucket + 1).UtcDateTime);
        var format = Width < TimeSpan.FromMinutes(1) ? "HH:mm:ss" : "HH:mm";
        var day = Width * Count > Day ? $"{from:d MMM} " : "";
        return $"{day}{from.ToString(format)}–{to.ToString(format)}";
    }

    // Midnight is written as the day that it begins.
    private static string TextOf(DateTimeOffset time, TimeSpan step) => step >= Day || (step >= TimeSpan.FromHours(2) && time.UtcDateTime.TimeOfDay == TimeSpan.Zero) ? $"{time.UtcDateTime:d MMM}" : $"{time.UtcDateTime:HH:mm}";
}
