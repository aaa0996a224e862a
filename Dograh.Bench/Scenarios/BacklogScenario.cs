using System.Diagnostics;
using Dograh.Bench.Measuring;
using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>The rate of a drain, and what a claim takes, beside more and more rows that are pending and a history of finished ones.</summary>
/// <remarks>
/// At every size as many are delivered, and at least the size is pending while they are. The rows are topped up and cut back in place, as in a
/// table that has lived; the history stays from the first side to the last.
/// </remarks>
internal static class BacklogScenario
{
    private static readonly int[] Sizes = [10_000, 100_000, 1_000_000];
    private static readonly int[] QuickSizes = [1_000, 2_000, 4_000];

    // Keys beyond those that are timed: so that the worker never runs dry while it is.
    private const int SpareKeys = 50_000;

    public static Scenario Create(BenchStack stack, BenchSize size)
    {
        var history = new History(stack, size.History);
        return new Scenario(
            "backlog",
            $"the drain of {size.Deliveries / 2:#,0} beside so many pending rows and {size.History:#,0} finished ones; claim: the statement's mean",
            [.. (size.Quick ? QuickSizes : Sizes).Select(pending => new Side($"{pending:#,0} pending", async () =>
            {
                await history.EnsureAsync();
                return await DrainAsync(stack, size, pending);
            }))])
        {
            Columns =
            [
                MetricNames.PerSecond, MetricNames.ClaimMilliseconds, MetricNames.ClaimMicrosecondsPerRow, MetricNames.CpuPerThousand,
                MetricNames.PeakRssOf("worker"),
            ],
        };
    }

    private static async Task<Sample> DrainAsync(BenchStack stack, BenchSize size, int pending)
    {
        var timed = size.Deliveries / 2;
        await SetPendingAsync(stack, pending + size.WarmUp + timed);
        await stack.Receiver.ResetAsync(stack.Stop);
        await stack.Stored.QueueAsync(size.WarmUp + timed + Math.Min(SpareKeys, pending));
        await stack.StartWorkerAsync();
        await stack.Receiver.WaitForAsync(size.WarmUp, stack.Stop);

        var meter = await Meter.StartAsync(stack.Processes(), stack.DatabaseMeter);
        var claimsBefore = await stack.ClaimMeter.ReadAsync();
        var before = await stack.Receiver.CountAsync(stack.Stop);
        var started = Stopwatch.GetTimestamp();
        await stack.Receiver.WaitForAsync(size.WarmUp + timed, stack.Stop);
        var after = await stack.Receiver.CountAsync(stack.Stop);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var (processes, database) = await meter.StopAsync();
        var claims = (await stack.ClaimMeter.ReadAsync()).Since(claimsBefore);
        await stack.Stored.ClearQueueAsync();
        await stack.StopWorkersAsync();

        var more = new Dictionary<string, double>();
        if (claims is { Calls: > 0, Rows: > 0 })
        {
            more[MetricNames.ClaimMilliseconds] = claims.Milliseconds / claims.Calls;
            more[MetricNames.ClaimMicrosecondsPerRow] = claims.Milliseconds / claims.Rows * 1000;
        }

        return new Sample { Count = after - before, Seconds = seconds, Processes = processes, Database = database, More = more };
    }

    private static async Task SetPendingAsync(BenchStack stack, long wanted)
    {
        var missing = wanted - await stack.Stored.CountPendingAsync();
        if (missing > 0)
        {
            await stack.FillAsync(await stack.CreateWorkflowAsync("/hook"), missing);
            return;
        }

        await stack.Stored.RemovePendingAsync(-missing);
        await stack.Stored.SettleAsync();
        await stack.Stored.ClearQueueAsync();
    }

    /// <summary>The finished rows: made before the first side, and kept for the others.</summary>
    private sealed class History(BenchStack stack, long rows)
    {
        private bool _isMade;

        public async Task EnsureAsync()
        {
            if (_isMade) return;
            await stack.ResetAsync();
            if (rows > 0)
            {
                await stack.StartWorkerAsync();
                await stack.CompleteRunAsync(await stack.CreateWorkflowAsync("/hook"));
                await stack.Receiver.WaitForAsync(1, stack.Stop);
                await stack.Stored.WaitForNonePendingAsync();
                await stack.StopWorkersAsync();
                await stack.Stored.CopyFinishedAsync(rows);
            }

            _isMade = true;
        }
    }
}
