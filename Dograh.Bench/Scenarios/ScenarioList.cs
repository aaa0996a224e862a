using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>The scenarios by their names on the command line, in the order in which they are run.</summary>
internal static class ScenarioList
{
    /// <summary>The one that measures no process but code in memory, and is not part of <c>all</c>.</summary>
    public const string Micro = "micro";

    /// <summary>The one that runs for as long as asked, and is not part of <c>all</c> either.</summary>
    public const string Soak = "soak";

    private static readonly OrderedDictionary<string, Func<BenchStack, BenchSize, Scenario>> All = new()
    {
        ["limit"] = LimitSide.CreateScenario,
        ["drain"] = DrainScenario.Create,
        ["ingest"] = IngestScenario.Create,
        ["end-to-end"] = EndToEndScenario.Create,
        ["latency"] = LatencyScenario.Create,
        ["idle"] = IdleScenario.Create,
        ["scale"] = ScaleScenario.Create,
        ["faults"] = FaultsScenario.Create,
        ["isolation"] = IsolationScenario.Create,
        ["peers"] = PeersScenario.Create,
        // Last: its history takes the longest to make.
        ["backlog"] = BacklogScenario.Create,
    };

    public static IReadOnlyList<string> Names { get; } = [.. All.Keys, Micro, Soak];

    /// <summary>Whether it is measured in turns, and part of <c>all</c>.</summary>
    public static bool IsMeasuredInTurns(string name) => All.ContainsKey(name);

    /// <summary>Makes a scenario for a stack.</summary>
    public static Scenario Create(string name, BenchStack stack, BenchSize size) => All[name](stack, size);
}
