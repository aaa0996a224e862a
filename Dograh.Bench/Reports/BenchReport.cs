using Dograh.Bench.Measuring;
using Dograh.Bench.Scenarios;

namespace Dograh.Bench.Reports;

/// <summary>All that a run of the benchmark found out; what every report is written from.</summary>
internal sealed record BenchReport
{
    public required DateTimeOffset StartedAt { get; init; }

    public required double Minutes { get; init; }

    public required Machine Machine { get; init; }

    /// <summary>Of the programs that took part.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>What was set, from the sizes to the settings of the services.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    public required IReadOnlyList<ScenarioResult> Scenarios { get; init; }

    public IReadOnlyList<TargetResult> Targets { get; init; } = [];

    /// <summary>The median of a metric; null where it was not measured.</summary>
    public double? Median(string scenario, string side, string metric) =>
        Scenarios.FirstOrDefault(s => s.Name == scenario)?.Sides.FirstOrDefault(s => s.Name == side)?.Metric(metric)?.Median;

    /// <summary>How one side's median compares to another's of the same scenario; null where one of the two is missing.</summary>
    public double? Ratio(string scenario, string side, string to, string metric = MetricNames.PerSecond) =>
        Median(scenario, to, metric) is { } other && other > 0 ? Median(scenario, side, metric) / other : null;
}

/// <summary>A scenario with what its sides did.</summary>
internal sealed record ScenarioResult
{
    public required string Name { get; init; }

    public required string What { get; init; }

    public required IReadOnlyList<SideResult> Sides { get; init; }

    /// <inheritdoc cref="Scenario.Columns"/>
    public required IReadOnlyList<string> Columns { get; init; }

    /// <inheritdoc cref="Scenario.Charted"/>
    public required string Charted { get; init; }
}

/// <summary>A side with its rounds.</summary>
internal sealed record SideResult
{
    public required string Name { get; init; }

    /// <summary>Why there are no rounds; null where there are.</summary>
    public string? NotMeasured { get; init; }

    /// <summary>Whether something broke, in distinction from what this machine lacks.</summary>
    public bool Failed { get; init; }

    public required IReadOnlyList<Sample> Rounds { get; init; }

    /// <summary>Every metric over the rounds, in the order in which the samples tell them.</summary>
    public IReadOnlyDictionary<string, Spread> Metrics =>
        field ??= Rounds.SelectMany(round => round.Metrics()).GroupBy(metric => metric.Key).ToDictionary(metric => metric.Key, metric => Spread.Of(metric.Select(m => m.Value))!);

    /// <summary>One metric; null where it was not measured.</summary>
    public Spread? Metric(string name) => Metrics.GetValueOrDefault(name);
}

/// <summary>What the benchmark ran on.</summary>
internal sealed record Machine(string Cpu, int Cores, double MemoryGiB, string OperatingSystem);

/// <summary>A target of the project, held against this run.</summary>
/// <param name="Name">What is asked of.</param>
/// <param name="Required">What is asked, as text.</param>
/// <param name="Measured">What was found; null where this run did not measure it.</param>
/// <param name="Met">Whether it is met; null where this run did not measure it.</param>
internal sealed record TargetResult(string Name, string Required, double? Measured, bool? Met);
