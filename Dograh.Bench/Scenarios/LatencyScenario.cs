using Dograh.Bench.Measuring;
using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>An open loop at a fixed rate: from when a run was due to be sent until its delivery is with the receiver.</summary>
internal static class LatencyScenario
{
    private const double Seconds = 15;

    // Enough for every compiler and cache, whatever the size.
    private const int MostWarmUp = 60_000;

    public static Scenario Create(BenchStack stack, BenchSize size) => new(
        "latency",
        "open loop: from when a run was due to be sent to the API until it reaches the receiver; and until its 202",
        [new("200/s", () => RunAsync(stack, size, 200)), new("1000/s", () => RunAsync(stack, size, 1000))])
    {
        Columns = [MetricNames.P50, MetricNames.P95, MetricNames.P99, MetricNames.Max, MetricNames.AcceptedP50, MetricNames.AcceptedP99, MetricNames.CpuPerThousand],
        Charted = MetricNames.P99,
    };

    private static async Task<Sample> RunAsync(BenchStack stack, BenchSize size, double perSecond)
    {
        await stack.ResetAsync();
        var order = RunLoad.Order(stack, size, await stack.CreateWorkflowAsync("/timed"), (int)(perSecond * size.Seconds(Seconds)), batch: false) with
        {
            Body = SampleRun.Run(),
            WarmUp = Math.Min(size.WarmUp, MostWarmUp),
            PerSecond = perSecond,
        };
        await stack.StartWorkerAsync();
        await using var load = await LoadProcess.StartAsync(order, stack.Stop);
        await stack.Receiver.WaitForAsync(order.WarmUp, stack.Stop);
        await stack.Stored.WaitForNonePendingAsync();
        await stack.Stored.SettleAsync();
        // Or the kernel writes down what the warm-up left half a minute later, and each commit of that second waits for it.
        PageCache.Flush();
        await stack.Receiver.ResetAsync(stack.Stop);

        var processes = stack.Processes();
        processes["load"] = load.Id;
        var meter = await Meter.StartAsync(processes, stack.DatabaseMeter);
        var result = await load.RunAsync();
        await stack.Receiver.WaitForAsync(order.Count, stack.Stop);
        await stack.Stored.WaitForNonePendingAsync();
        var (used, database) = await meter.StopAsync();
        var received = await stack.Receiver.LatenciesAsync(stack.Stop);
        await stack.StopWorkersAsync();
        var more = new Dictionary<string, double>();
        if (result.Latency is { } accepted) (more[MetricNames.AcceptedP50], more[MetricNames.AcceptedP99]) = (accepted.P50, accepted.P99);
        return new Sample { Count = order.Count, Seconds = result.Seconds, Latency = received, Processes = used, Database = database, More = more };
    }
}
