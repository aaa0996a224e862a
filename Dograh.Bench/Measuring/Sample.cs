namespace Dograh.Bench.Measuring;

/// <summary>What one side of a scenario did in one round.</summary>
internal sealed record Sample
{
    /// <summary>How many deliveries (or runs, or requests) the round counts.</summary>
    public required long Count { get; init; }

    /// <summary>How long they took.</summary>
    public required double Seconds { get; init; }

    /// <summary>The rate.</summary>
    public double PerSecond => Seconds > 0 ? Count / Seconds : 0;

    /// <summary>What each process used, by its name.</summary>
    public IReadOnlyDictionary<string, ProcessUse> Processes { get; init; } = new Dictionary<string, ProcessUse>();

    /// <summary>What PostgreSQL did; null where it had no part.</summary>
    public DatabaseUse? Database { get; init; }

    /// <summary>Latencies; null where only a rate is measured.</summary>
    public LatencySummary? Latency { get; init; }

    /// <summary>Anything else worth a column, by name.</summary>
    public IReadOnlyDictionary<string, double> More { get; init; } = new Dictionary<string, double>();

    /// <summary>Processor seconds per thousand, of every process taken together, the receiver and the load's sender included.</summary>
    public double CpuSecondsPerThousand => Count == 0 ? 0 : Processes.Values.Sum(use => use.CpuSeconds) / Count * 1000;

    /// <summary>All of it as numbers by their <see cref="MetricNames"/>; what was not measured is left out.</summary>
    public IEnumerable<KeyValuePair<string, double>> Metrics()
    {
        if (Count > 0) yield return new(MetricNames.PerSecond, PerSecond);
        if (Latency is { } latency)
        {
            yield return new(MetricNames.P50, latency.P50);
            yield return new(MetricNames.P95, latency.P95);
            yield return new(MetricNames.P99, latency.P99);
            yield return new(MetricNames.Max, latency.Max);
        }

        foreach (var more in More) yield return more;
        if (Database is { } database && Count > 0)
        {
            yield return new(MetricNames.WalBytes, database.WalBytes / Count);
            if (database.Statements is { } statements) yield return new(MetricNames.Statements, statements / Count);
            yield return new(MetricNames.Transactions, database.Transactions / Count);
        }

        if (Processes.Count == 0) yield break;
        if (Count > 0) yield return new(MetricNames.CpuPerThousand, CpuSecondsPerThousand);
        foreach (var (process, use) in Processes)
        {
            if (Count > 0) yield return new(MetricNames.CpuPerThousandOf(process), use.CpuSeconds / Count * 1000);
            yield return new(MetricNames.PeakRssOf(process), use.PeakRssBytes / 1048576.0);
        }
    }
}
