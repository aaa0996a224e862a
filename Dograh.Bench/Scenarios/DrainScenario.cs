using System.Diagnostics;
using Dograh.Bench.Measuring;
using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>Deliveries that lie in the table and the queue are sent and recorded.</summary>
internal static class DrainScenario
{
    public static Scenario Create(BenchStack stack, BenchSize size) => new(
        "drain", "pending deliveries in the table and the queue: sent and recorded per second", [LimitSide.Of(stack, size), DrainSide(stack, size)]);

    private static Side DrainSide(BenchStack stack, BenchSize size) => new("drain", async () =>
    {
        var workflow = await stack.CreateWorkflowAsync("/hook");
        return await DrainAsync(stack, workflow, size, workers: 1);
    });

    /// <summary>Fills the table, starts workers, and measures from where they are warm until nothing is pending.</summary>
    public static async Task<Sample> DrainAsync(BenchStack stack, long workflow, BenchSize size, int workers)
    {
        await stack.ResetAsync();
        await stack.FillAsync(workflow, size.WarmUp + size.Deliveries);
        await stack.QueueAllAsync();
        for (var i = 0; i < workers; i++) await stack.StartWorkerAsync();

        await stack.WaitForReceivedAsync(size.WarmUp);
        var before = await stack.ReceivedAsync();
        var meter = await Meter.StartAsync(stack.Processes(), stack.DatabaseMeter);
        var started = Stopwatch.GetTimestamp();
        await stack.WaitForReceivedAsync(size.WarmUp + size.Deliveries);
        await stack.WaitForNonePendingAsync();
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var (processes, database) = await meter.StopAsync();
        await stack.StopWorkersAsync();
        return new Sample { Count = size.WarmUp + size.Deliveries - before, Seconds = seconds, Processes = processes, Database = database };
    }
}
