using System.Globalization;
using Dograh.Bench.Measuring;
using Dograh.Bench.Roles;
using Dograh.Bench.Stack;
using Dograh.Standalone;

namespace Dograh.Bench.Scenarios;

/// <summary>Completed runs over keep-alive HTTP, each durable before its 202; no worker takes from the machine.</summary>
internal static class IngestScenario
{
    public static Scenario Create(BenchStack stack, BenchSize size) => new(
        "ingest",
        $"completed runs a second, durable before the answer, 64 at a time; batches of {RunLoad.RunsPerBatch}, {RunLoad.BatchConcurrency} at a time",
        [
            new("bare API", () => BareAsync(stack, size)),
            new("completed-runs", () => IngestAsync(stack, size, batch: false, keyed: false)),
            new("completed-runs, Idempotency-Key", () => IngestAsync(stack, size, batch: false, keyed: true)),
            new("completed-runs/batch", () => IngestAsync(stack, size, batch: true, keyed: false)),
            new("completed-runs/batch, idempotency_key", () => IngestAsync(stack, size, batch: true, keyed: true)),
        ])
    {
        Columns = [MetricNames.PerSecond, MetricNames.P50, MetricNames.P99, MetricNames.CpuPerThousand, MetricNames.WalBytes, MetricNames.Statements, MetricNames.PeakRssOf("api")],
    };

    private static async Task<Sample> BareAsync(BenchStack stack, BenchSize size)
    {
        var port = FreePort.Next();
        await using var bare = RoleProcess.Start(Role.BareApi, port.ToString(CultureInfo.InvariantCulture));
        var root = new Uri($"http://127.0.0.1:{port}");
        await stack.WaitUntilListeningAsync(new Uri(root, "/health"));
        var order = RunLoad.Order(stack, size, workflow: 1, size.Share(30_000), batch: false) with { Url = new Uri(root, "/api/v1/workflows/1/completed-runs").ToString() };
        await using var load = await LoadProcess.StartAsync(order, stack.Stop);
        var meter = await Meter.StartAsync(new() { ["api"] = bare.Id, ["load"] = load.Id }, database: null);
        var result = await load.RunAsync();
        var (processes, _) = await meter.StopAsync();
        return new Sample { Count = result.Count, Seconds = result.Seconds, Latency = result.Latency, Processes = processes };
    }

    private static async Task<Sample> IngestAsync(BenchStack stack, BenchSize size, bool batch, bool keyed)
    {
        await stack.ResetAsync();
        var order = RunLoad.Order(stack, size, await stack.CreateWorkflowAsync("/hook"), size.Share(30_000), batch, keyed);
        await using var load = await LoadProcess.StartAsync(order, stack.Stop);
        await stack.Stored.SettleAsync();
        var processes = stack.Processes();
        processes.Remove("receiver");
        processes["load"] = load.Id;
        var meter = await Meter.StartAsync(processes, stack.DatabaseMeter);
        var result = await load.RunAsync();
        var (used, database) = await meter.StopAsync();
        var runs = result.Count * RunLoad.RunsIn(batch);
        var expected = runs + (order.WarmUp * RunLoad.RunsIn(batch));
        var stored = await stack.Stored.CountPendingAsync();
        if (stored != expected) throw new BenchException($"{expected} runs were accepted, and {stored} deliveries are stored.");
        return new Sample { Count = runs, Seconds = result.Seconds, Latency = result.Latency, Processes = used, Database = database };
    }
}
