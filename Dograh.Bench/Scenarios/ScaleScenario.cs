using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>The drain by several worker processes.</summary>
internal static class ScaleScenario
{
    public static Scenario Create(BenchStack stack, BenchSize size) => new(
        "scale", "the drain by 1, 2 and 4 worker processes", [.. ((int[])[1, 2, 4]).Select(workers => new Side(
            workers == 1 ? "1 worker" : $"{workers} workers",
            () => DrainScenario.DrainAsync(stack, size, workers, () => stack.CreateWorkflowAsync("/hook"))))]);
}
