namespace Dograh.Bench.Measuring;

/// <summary>Percentiles of durations, in milliseconds.</summary>
internal sealed record LatencySummary(double P50, double P95, double P99, double Max)
{
    /// <summary>Sorts the values and reads them by nearest rank; null for no values.</summary>
    public static LatencySummary? Of(double[] milliseconds)
    {
        if (milliseconds.Length == 0) return null;
        Array.Sort(milliseconds);
        return new LatencySummary(At(50), At(95), At(99), milliseconds[^1]);

        double At(double percent) => milliseconds[Math.Max(0, (int)Math.Ceiling(percent / 100 * milliseconds.Length) - 1)];
    }
}
