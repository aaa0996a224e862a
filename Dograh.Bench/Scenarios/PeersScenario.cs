using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>Others that do the same in the same run.</summary>
internal static class PeersScenario
{
    public static Scenario Create(BenchStack stack, BenchSize size) => new(
        "peers", "the same from other libraries, in turns", [EndToEndScenario.Single(stack, size), EndToEndScenario.Batch(stack, size)]);
}
