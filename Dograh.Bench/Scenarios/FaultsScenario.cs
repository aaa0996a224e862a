using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>The drain to a receiver that refuses or forgets to answer some first attempts; it ends when all have succeeded.</summary>
internal static class FaultsScenario
{
    private const double TimeoutSeconds = 1;
    private const double BaseDelaySeconds = 1;

    public static Scenario Create(BenchStack stack, BenchSize size) => new(
        "faults",
        "the drain with 5 % 500s and 1 % timeouts at the first attempt, until all have succeeded; deadline 1 s, backoff from 1 s",
        [
            new("drain", () => DrainScenario.DrainAsync(stack, size, workers: 1, () => stack.CreateWorkflowAsync("/hook"))),
            new("faults", () => DrainScenario.DrainAsync(stack, size, workers: 1, () => stack.CreateWorkflowAsync("/faulty", TimeoutSeconds, BaseDelaySeconds))),
        ]);
}
