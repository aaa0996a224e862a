using Dograh.Bench.Measuring;
using Dograh.Bench.Scenarios;
using Dograh.Bench.Stack;

namespace Dograh.Bench.Reports;

/// <summary>What the project has set itself to reach, each held against a report.</summary>
/// <remarks>
/// The ratios are between sides of the same scenario, measured in turns. The absolute numbers are meant for a machine of two cores that
/// also runs PostgreSQL, Redis and the receiver.
/// </remarks>
internal static class TargetList
{
    // As shipped, measured once on such a machine: the one peer that is not started here.
    private const double OriginalPerSecond = 19;

    private static readonly double PayloadBytes = SampleRun.Payload().Length;

    private static readonly IReadOnlyList<Target> All =
    [
        Target.AtLeast("drain / limit", 0.50, report => report.Ratio("drain", "drain", "limit")),
        Target.AtLeast("end-to-end / limit", 0.20, report => report.Ratio("end-to-end", "end-to-end", "limit")),
        Target.AtLeast("end-to-end in batches / limit", 0.30, report => report.Ratio("end-to-end", "end-to-end batch", "limit")),
        Target.AtLeast("ingest / bare API", 0.35, report => report.Ratio("ingest", "completed-runs", "bare API")),
        Target.AtLeast("end-to-end / BullMQ", 1.3, report => report.Ratio("peers", "end-to-end", "BullMQ")),
        Target.AtLeast("end-to-end / BullMQ, fsync always", 1.3, report => report.Ratio("peers", "end-to-end", "BullMQ durable")),
        Target.AtLeast("end-to-end / pg-boss", 8, report => report.Ratio("peers", "end-to-end", "pg-boss")),
        Target.AtLeast("end-to-end / graphile-worker", 8, report => report.Ratio("peers", "end-to-end", "graphile-worker")),
        Target.AtLeast("end-to-end / Hangfire", 25, report => report.Ratio("peers", "end-to-end", "Hangfire")),
        Target.AtLeast("end-to-end / the original's ARQ pipeline (19/s)", 150, report => EndToEnd(report) / OriginalPerSecond),
        Target.AtLeast("end-to-end in batches / best peer in batches", 1, AgainstBestInBatches),
        Target.AtMost("SQL statements a batch of a drain", 3, report => report.Median("drain", "drain", MetricNames.StatementsPerClaim)),
        Target.AtMost(
            "WAL of a delivery / (payload + 1 KB)", 2.5, report => report.Median("end-to-end", "end-to-end", MetricNames.WalBytes) / (PayloadBytes + 1024)),
        Target.AtMost("latency at 200/s, p50, ms", 2.5, report => report.Median("latency", "200/s", MetricNames.P50)),
        Target.AtMost("latency at 200/s, p99, ms", 10, report => report.Median("latency", "200/s", MetricNames.P99)),
        Target.AtMost("latency at 1000/s, p99, ms", 25, report => report.Median("latency", "1000/s", MetricNames.P99)),
        Target.AtLeast("drain with 1,000,000 pending / with 10,000", 0.90, report => report.Ratio("backlog", "1,000,000 pending", "10,000 pending")),
        Target.AtMost("p95 beside a dead receiver / alone", 2, report =>
            report.Median("isolation", IsolationScenario.DeadReceiver, MetricNames.P95) / report.Median("isolation", IsolationScenario.Alone, MetricNames.P95)),
        Target.AtMost("dead receiver: deferrals a delivery and break", 1, report =>
            report.Median("isolation", IsolationScenario.DeadReceiver, MetricNames.DeferralsPerBreak)),
        Target.AtMost("single delivery behind another's burst, max ms", 2000, report => report.Median("isolation", IsolationScenario.Burst, MetricNames.Max)),
        Target.AtMost("worker's peak memory, MB", 150, report => report.Median("drain", "drain", MetricNames.PeakRssOf("worker"))),
        Target.AtMost("worker's allocation a delivery, bytes", 8192, report => report.Median("drain", "allocation", MetricNames.AllocatedBytes)),
        Target.AtMost("idle, % of a core", 1, report => report.Median("idle", "idle", MetricNames.CpuPercent)),
        Target.AtMost("idle, SQL statements a second", 2, report => report.Median("idle", "idle", MetricNames.StatementsPerSecond)),
        Target.AtMost("idle, Redis commands a second", 5, report => report.Median("idle", "idle", MetricNames.RedisCommandsPerSecond)),
    ];

    /// <summary>Holds every target against a report.</summary>
    public static IReadOnlyList<TargetResult> Evaluate(BenchReport report) => [.. All.Select(target => target.Evaluate(report))];

    private static double? EndToEnd(BenchReport report) =>
        report.Median("end-to-end", "end-to-end", MetricNames.PerSecond) ?? report.Median("peers", "end-to-end", MetricNames.PerSecond);

    private static double? AgainstBestInBatches(BenchReport report)
    {
        var best = ((string[])["BullMQ batch", "BullMQ durable batch", "pg-boss batch", "graphile-worker batch"]).Max(side => report.Median("peers", side, MetricNames.PerSecond));
        return best > 0 ? report.Median("peers", "end-to-end batch", MetricNames.PerSecond) / best : null;
    }

    private sealed record Target(string Name, string Required, Func<BenchReport, double?> Measure, Func<double, bool> IsMet)
    {
        public static Target AtLeast(string name, double least, Func<BenchReport, double?> measure) =>
            new(name, $"≥ {least}", measure, measured => measured >= least);

        public static Target AtMost(string name, double most, Func<BenchReport, double?> measure) =>
            new(name, $"≤ {most}", measure, measured => measured <= most);

        public TargetResult Evaluate(BenchReport report)
        {
            var measured = Measure(report);
            return new TargetResult(Name, Required, measured, measured is { } value ? IsMet(value) : null);
        }
    }
}
