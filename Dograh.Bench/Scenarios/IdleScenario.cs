using System.Diagnostics;
using Dograh.Bench.Measuring;
using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>What an API and a worker with nothing to do take from the machine.</summary>
internal static class IdleScenario
{
    private const double Seconds = 20;

    // A service runs for weeks. What it does once a second is compiled again after thirty times, and for good after thirty more; until then most of what it
    // takes is the compiler's.
    private const double Rest = 90;
    private const string RedisCommands = "total_commands_processed";

    // INFO, which reads the counter, counts itself once between two readings.
    private const double OwnRedisCommands = 1;

    public static Scenario Create(BenchStack stack, BenchSize size) => new(
        "idle", "API and worker with nothing to do: share of a core, SQL statements and Redis commands a second", [new("idle", () => RunAsync(stack, size))])
    {
        Columns = [MetricNames.CpuPercent, MetricNames.StatementsPerSecond, MetricNames.RedisCommandsPerSecond, MetricNames.PeakRssOf("worker"), MetricNames.PeakRssOf("api")],
        Charted = MetricNames.CpuPercent,
    };

    private static async Task<Sample> RunAsync(BenchStack stack, BenchSize size)
    {
        await stack.ResetAsync();
        await stack.StartWorkerAsync();
        // A worker that has delivered, and so has open connections and compiled code, and has had time to come to rest.
        await stack.CompleteRunAsync(await stack.CreateWorkflowAsync("/hook"));
        await stack.Receiver.WaitForAsync(1, stack.Stop);
        await stack.Stored.WaitForNonePendingAsync();
        await Task.Delay(TimeSpan.FromSeconds(size.Seconds(Rest)), TimeProvider.System, stack.Stop);

        var services = stack.Processes().Where(process => process.Key is "api" or "worker").ToDictionary();
        var meter = await Meter.StartAsync(services, stack.DatabaseMeter);
        var commands = await stack.ReadRedisAsync(RedisCommands);
        var started = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(size.Seconds(Seconds)), TimeProvider.System, stack.Stop);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        commands = await stack.ReadRedisAsync(RedisCommands) - commands - OwnRedisCommands;
        var (processes, database) = await meter.StopAsync();
        await stack.StopWorkersAsync();

        var more = new Dictionary<string, double>
        {
            [MetricNames.CpuPercent] = processes.Values.Sum(use => use.CpuSeconds) / seconds * 100,
            [MetricNames.RedisCommandsPerSecond] = commands / seconds,
        };
        if (database?.Statements is { } statements) more[MetricNames.StatementsPerSecond] = statements / seconds;
        return new Sample { Count = 0, Seconds = seconds, Processes = processes, Database = database, More = more };
    }
}
