namespace Dograh.WebConsole.Charts;

/// <summary>Where values lie on an axis, and which of them are written beside it.</summary>
/// <param name="Ticks">The values that are written, from the lowest up; the last is the top.</param>
/// <param name="IsLogarithmic">Whether ten times as much is as far wherever it is.</param>
public sealed record AxisScale(IReadOnlyList<double> Ticks, bool IsLogarithmic)
{
    private const int Steps = 4;

    // What people say of times, in milliseconds: from a tenth of one to ten days.
    private static readonly double[] Times = [0.1, 1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 86_400_000, 864_000_000];

    /// <summary>From nothing to a round number that is not below the largest value.</summary>
    public static AxisScale FromZero(double max)
    {
        if (max <= 0) return new AxisScale([0, 1], IsLogarithmic: false);
        var rough = max / Steps;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        // Not 2.5: ticks at 7.5 are read wrongly.
        var step = ((double[])[1, 2, 5, 10]).First(factor => factor * power >= rough * (1 - 1e-9)) * power;
        var count = (int)Math.Ceiling((max / step) - 1e-9);
        return new AxisScale([.. Enumerable.Range(0, count + 1).Select(n => Math.Round(n * step, 10))], IsLogarithmic: false);
    }

    /// <summary>For lengths of time in milliseconds, from a few to many: ten times as long is as far wherever it is.</summary>
    public static AxisScale OfTimes(double min, double max)
    {
        var first = Math.Clamp(Array.FindLastIndex(Times, time => time <= min), 0, Times.Length - 2);
        var last = Array.FindIndex(Times, time => time >= max) is >= 0 and var found ? found : Times.Length - 1;
        return new AxisScale(Times[first..(Math.Max(last, first + 1) + 1)], IsLogarithmic: true);
    }

    /// <summary>How far up the axis a value is: 0 at its foot, 1 at its top; what is beyond either is there.</summary>
    public double PositionOf(double value)
    {
        var (from, to) = (Ticks[0], Ticks[^1]);
        var position = IsLogarithmic ? Math.Log(Math.Max(value, from) / from) / Math.Log(to / from) : (value - from) / (to - from);
        return Math.Clamp(position, 0, 1);
    }
}
