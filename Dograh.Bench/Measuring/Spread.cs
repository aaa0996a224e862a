namespace Dograh.Bench.Measuring;

/// <summary>What several rounds gave: the median is what is told, the others how much to believe it.</summary>
internal sealed record Spread(double Median, double Min, double Max)
{
    /// <summary>Of an even number of values the median is the mean of the middle two.</summary>
    /// <returns>Null for no values.</returns>
    public static Spread? Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        if (sorted.Length == 0) return null;
        var middle = sorted.Length / 2;
        return new Spread(sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1]);
    }

    /// <summary>The range, or nothing where all rounds gave the same.</summary>
    public string Range => Min == Max ? "" : $"{MetricNames.FormatShort(Min)}–{MetricNames.FormatShort(Max)}";
}
