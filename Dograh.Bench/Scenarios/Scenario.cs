using Dograh.Bench.Measuring;

namespace Dograh.Bench.Scenarios;

/// <summary>One thing that is measured: its sides take turns, so that what the machine does meanwhile falls on all of them.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="What">What it measures, in a line.</param>
/// <param name="Sides">The sides, the one that others are held against first.</param>
internal sealed record Scenario(string Name, string What, IReadOnlyList<Side> Sides);

/// <summary>One side of a scenario.</summary>
/// <param name="Name">What the reports call it.</param>
/// <param name="RunAsync">Measures one round.</param>
internal sealed record Side(string Name, Func<Task<Sample>> RunAsync);

/// <summary>How much is measured.</summary>
/// <param name="Deliveries">Deliveries of a drain; the other scenarios take a share of it.</param>
/// <param name="Rounds">How often each side takes its turn.</param>
internal sealed record BenchSize(int Deliveries, int Rounds)
{
    /// <summary>What comes before the clock starts: compilers and caches are warm, connections open.</summary>
    public int WarmUp => Deliveries / 4;
}
