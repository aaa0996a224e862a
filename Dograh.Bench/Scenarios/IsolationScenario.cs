using System.Diagnostics;
using Dograh.Bench.Measuring;
using Dograh.Bench.Roles;
using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>What a dead receiver, and what another organization's burst, does to deliveries that have nothing to do with it.</summary>
internal static class IsolationScenario
{
    public const string Alone = "alone";
    public const string DeadReceiver = "beside a dead receiver";
    public const string Burst = "behind a burst";

    private const int PerSecond = 200;
    private const double Seconds = 60;
    private const int MostWarmUp = 20_000;
    private const int DeadBacklog = 10_000;
    private const double DeadTimeoutSeconds = 10;
    private const int BurstSize = 50_000;
    private const int SinglesPerSecond = 20;
    private const double BurstSeconds = 3;

    // The setting's default, which the services run with.
    private const double BreakSeconds = 30;

    public static Scenario Create(BenchStack stack, BenchSize size) => new(
        "isolation",
        $"{PerSecond}/s to a healthy receiver: alone, and with {DeadBacklog:#,0} deliveries for one that never answers; single deliveries behind another organization's {BurstSize:#,0}",
        [
            new(Alone, () => RunAsync(stack, size, PerSecond, Seconds)),
            new(DeadReceiver, () => BesideDeadReceiverAsync(stack, size)),
            new(Burst, () => BehindBurstAsync(stack, size)),
        ])
    {
        Columns = [MetricNames.P50, MetricNames.P95, MetricNames.P99, MetricNames.Max, MetricNames.DeferralsPerBreak],
        Charted = MetricNames.P95,
    };

    private static async Task<Sample> BesideDeadReceiverAsync(BenchStack stack, BenchSize size)
    {
        // Another name is another origin.
        var url = new UriBuilder(stack.Receiver.Url) { Host = "localhost", Path = "/dead" }.Uri;
        var backlog = new Backlog(await stack.CreateWorkflowAsync(url, DeadTimeoutSeconds), size.Share(DeadBacklog));
        var started = Stopwatch.GetTimestamp();
        var sample = await RunAsync(stack, size, PerSecond, Seconds, backlog, started: () => started = Stopwatch.GetTimestamp(), ended: async more =>
        {
            var breaks = Math.Max(1, Stopwatch.GetElapsedTime(started).TotalSeconds / BreakSeconds);
            more[MetricNames.DeferralsPerBreak] = await stack.Stored.CountDeferralsAsync() / (double)backlog.Count / breaks;
        });
        return sample;
    }

    private static async Task<Sample> BehindBurstAsync(BenchStack stack, BenchSize size) => await RunAsync(
        stack, size, SinglesPerSecond, BurstSeconds, new Backlog(await stack.CreateWorkflowAsync("/hook"), size.Share(BurstSize)));

    // The load is another organization's than the backlog.
    private static async Task<Sample> RunAsync(
        BenchStack stack, BenchSize size, double perSecond, double seconds, Backlog? backlog = null, Action? started = null,
        Func<Dictionary<string, double>, Task>? ended = null)
    {
        await stack.ResetAsync();
        if (backlog is not null)
        {
            // There from the beginning, and due when all is warm.
            await stack.FillAsync(backlog.Workflow, backlog.Count);
            await stack.Stored.PostponeAsync(backlog.Workflow, seconds: 3600);
        }

        var key = await stack.AddOrganizationAsync();
        var workflow = await stack.CreateWorkflowAsync(new Uri(stack.Receiver.Url, "/timed"), key: key);
        var order = new LoadOrder
        {
            Url = stack.CompletedRunsUrl(workflow),
            Body = SampleRun.Run(),
            Key = key,
            Expected = 202,
            WarmUp = Math.Min(size.WarmUp, MostWarmUp),
            Count = (int)(perSecond * size.Seconds(seconds)),
            PerSecond = perSecond,
        };
        await stack.StartWorkerAsync();
        await using var load = await LoadProcess.StartAsync(order, stack.Stop);
        await stack.Receiver.WaitForAsync(order.WarmUp, stack.Stop);
        await stack.Stored.WaitForNonePendingAsync(workflow);
        await stack.Stored.SettleAsync();
        await stack.Receiver.ResetAsync(stack.Stop);

        if (backlog is not null)
        {
            await stack.Stored.PostponeAsync(backlog.Workflow, seconds: 0);
            await stack.Stored.QueueAsync(backlog.Count);
        }

        started?.Invoke();
        var result = await load.RunAsync();
        await stack.Stored.WaitForNonePendingAsync(workflow);
        var more = new Dictionary<string, double>();
        if (ended is not null) await ended(more);
        var sample = new Sample { Count = order.Count, Seconds = result.Seconds, Latency = await stack.Receiver.LatenciesAsync(stack.Stop), More = more };
        await stack.Stored.ClearQueueAsync();
        stack.KillWorkers();
        await stack.StopWorkersAsync();
        return sample;
    }

    private sealed record Backlog(long Workflow, int Count);
}
