using System.Diagnostics;
using Dograh.Bench.Measuring;
using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>Runs come in while a worker that is already running delivers them: from the first request until all are recorded.</summary>
internal static class EndToEndScenario
{
    public static Scenario Create(BenchStack stack, BenchSize size) => new(
        "end-to-end",
        $"through the API while a worker delivers, from the first request until all are recorded; batches of {RunLoad.RunsPerBatch}",
        [
            LimitSide.Of(stack, size),
            Single(stack, size),
            Batch(stack, size),
        ])
    {
        Columns =
        [
            MetricNames.PerSecond, MetricNames.AcceptedP99, MetricNames.CpuPerThousand, MetricNames.WalBytes, MetricNames.Statements,
            MetricNames.PeakRssOf("worker"),
        ],
    };

    public static Side Single(BenchStack stack, BenchSize size) => new("end-to-end", () => RunAsync(stack, size, batch: false));

    public static Side Batch(BenchStack stack, BenchSize size) => new("end-to-end batch", () => RunAsync(stack, size, batch: true));

    private static async Task<Sample> RunAsync(BenchStack stack, BenchSize size, bool batch)
    {
        await stack.ResetAsync();
        var order = RunLoad.Order(stack, size, await stack.CreateWorkflowAsync("/hook"), size.Share(30_000), batch);
        var (warm, counted) = (order.WarmUp * RunLoad.RunsIn(batch), order.Count * RunLoad.RunsIn(batch));
        await stack.StartWorkerAsync();
        await using var load = await LoadProcess.StartAsync(order, stack.Stop);
        await stack.Receiver.WaitForAsync(warm, stack.Stop);
        await stack.Stored.WaitForNonePendingAsync();
        await stack.Stored.SettleAsync();

        var processes = stack.Processes();
        processes["load"] = load.Id;
        var meter = await Meter.StartAsync(processes, stack.DatabaseMeter);
        var started = Stopwatch.GetTimestamp();
        var result = await load.RunAsync();
        await stack.Receiver.WaitForAsync(warm + counted, stack.Stop);
        await stack.Stored.WaitForNonePendingAsync();
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var (used, database) = await meter.StopAsync();
        await stack.StopWorkersAsync();
        await stack.Stored.DemandSucceededAsync(warm + counted);

        // Not as latency: of a closed loop it tells how many were under way, and beside an open loop's it would look like one.
        var more = new Dictionary<string, double>();
        if (result.Latency is { } accepted) (more[MetricNames.AcceptedP50], more[MetricNames.AcceptedP99]) = (accepted.P50, accepted.P99);
        return new Sample { Count = counted, Seconds = seconds, Processes = used, Database = database, More = more };
    }
}
