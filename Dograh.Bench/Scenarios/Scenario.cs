using Dograh.Bench.Measuring;

namespace Dograh.Bench.Scenarios;

/// <summary>One thing that is measured: its sides take turns, so that what the machine does meanwhile falls on all of them.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="What">What it measures, in a line.</param>
/// <param name="Sides">The sides, the one that others are held against first.</param>
internal sealed record Scenario(string Name, string What, IReadOnlyList<Side> Sides)
{
    /// <summary>The metrics that a short table shows, by their <see cref="MetricNames"/>.</summary>
    public IReadOnlyList<string> Columns { get; init; } =
        [MetricNames.PerSecond, MetricNames.P99, MetricNames.CpuPerThousand, MetricNames.WalBytes, MetricNames.Statements, MetricNames.PeakRssOf("worker")];

    /// <summary>The metric that the chart draws.</summary>
    public string Charted { get; init; } = MetricNames.PerSecond;
}

/// <summary>One side of a scenario.</summary>
/// <param name="Name">What the reports call it.</param>
/// <param name="RunAsync">Measures one round.</param>
internal sealed record Side(string Name, Func<Task<Sample>> RunAsync)
{
    /// <summary>Whether the first round is all that it takes part in: what it measures would be disturbed by nothing, or disturbs others.</summary>
    public bool OnlyOnce { get; init; }

    /// <summary>Why it cannot be measured on this machine; null where it can.</summary>
    public string? NotMeasured { get; init; }

    /// <summary>A side that is named in the reports, with the reason why it has no numbers.</summary>
    public static Side Missing(string name, string reason) =>
        new(name, () => throw new BenchException(reason)) { NotMeasured = reason };
}
