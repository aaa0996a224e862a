using System.Diagnostics;
using Dograh.Bench.Measuring;
using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>Deliveries that lie in the table and the queue are sent and recorded.</summary>
internal static class DrainScenario
{
    public static Scenario Create(BenchStack stack, BenchSize size)
    {
        List<Side> sides = [LimitSide.Of(stack, size), new("drain", () => DrainAsync(stack, size, workers: 1, () => stack.CreateWorkflowAsync("/hook")))];
        // Apart from the rate: to be asked for its counters takes from a worker's time.
        if (!size.Quick) sides.Add(new("allocation", () => AllocationAsync(stack, size)) { OnlyOnce = true });
        return new Scenario("drain", "pending deliveries in the table and the queue: sent and recorded per second", sides)
        {
            Columns =
            [
                MetricNames.PerSecond, MetricNames.CpuPerThousand, MetricNames.WalBytes, MetricNames.StatementsPerClaim, MetricNames.PeakRssOf("worker"),
                MetricNames.AllocatedBytes,
            ],
        };
    }

    /// <summary>Fills the table and the queue, starts workers, and measures from where they are warm until nothing is pending.</summary>
    public static async Task<Sample> DrainAsync(BenchStack stack, BenchSize size, int workers, Func<Task<long>> createWorkflow)
    {
        var total = size.WarmUp + size.Deliveries;
        await StartWarmAsync(stack, size, total, workers, await createWorkflow());
        var meter = await Meter.StartAsync(stack.Processes(), stack.DatabaseMeter);
        var claimsBefore = await stack.ClaimMeter.ReadAsync();
        var before = await stack.Receiver.CountAsync(stack.Stop);
        var started = Stopwatch.GetTimestamp();
        await stack.Receiver.WaitForAsync(total, stack.Stop);
        await stack.Stored.WaitForNonePendingAsync();
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var (processes, database) = await meter.StopAsync();
        var claims = (await stack.ClaimMeter.ReadAsync()).Since(claimsBefore);
        await stack.StopWorkersAsync();
        await stack.Stored.DemandSucceededAsync(total);

        var more = new Dictionary<string, double>();
        if (claims.Calls > 0 && database?.Statements is { } statements) more[MetricNames.StatementsPerClaim] = statements / claims.Calls;
        return new Sample { Count = total - before, Seconds = seconds, Processes = processes, Database = database, More = more };
    }

    private static async Task<Sample> AllocationAsync(BenchStack stack, BenchSize size)
    {
        var total = size.WarmUp + size.Deliveries;
        var worker = await StartWarmAsync(stack, size, total, workers: 1, await stack.CreateWorkflowAsync("/hook"));
        await using var allocations = AllocationMeter.Start(worker);
        var before = await stack.Receiver.CountAsync(stack.Stop);
        await stack.Receiver.WaitForAsync(total, stack.Stop);
        await stack.Stored.WaitForNonePendingAsync();
        var bytes = await allocations.StopAsync(stack.Stop);
        await stack.StopWorkersAsync();
        return new Sample { Count = 0, Seconds = 0, More = new Dictionary<string, double> { [MetricNames.AllocatedBytes] = bytes / (total - before) } };
    }

    // Returns the last worker's process id.
    private static async Task<int> StartWarmAsync(BenchStack stack, BenchSize size, int total, int workers, long workflow)
    {
        await stack.ResetAsync();
        await stack.FillAsync(workflow, total);
        await stack.Stored.QueueAsync(total);
        var processId = 0;
        for (var i = 0; i < workers; i++) processId = await stack.StartWorkerAsync();
        await stack.Receiver.WaitForAsync(size.WarmUp, stack.Stop);
        return processId;
    }
}
