using Dograh.Bench.Measuring;

namespace Dograh.Tests.Bench;

public sealed class SampleTests
{
    private readonly Sample _sample = new()
    {
        Count = 2000,
        Seconds = 4,
        Processes = new Dictionary<string, ProcessUse> { ["worker"] = new(1.5, 100 * 1048576), ["receiver"] = new(0.5, 50 * 1048576) },
        Database = new DatabaseUse(WalBytes: 4_000_000, Statements: 20, Transactions: 10),
        Latency = new LatencySummary(1, 2, 3, 4),
        More = new Dictionary<string, double> { [MetricNames.StatementsPerClaim] = 2 },
    };

    [Fact]
    public void What_is_used_is_told_for_each_and_for_a_thousand()
    {
        var metrics = _sample.Metrics().ToDictionary();

        Assert.Equal(500, metrics[MetricNames.PerSecond]);
        Assert.Equal(1, metrics[MetricNames.CpuPerThousand]);
        Assert.Equal(0.75, metrics[MetricNames.CpuPerThousandOf("worker")]);
        Assert.Equal(50, metrics[MetricNames.PeakRssOf("receiver")]);
        Assert.Equal(2000, metrics[MetricNames.WalBytes]);
        Assert.Equal(0.01, metrics[MetricNames.Statements]);
        Assert.Equal(3, metrics[MetricNames.P99]);
        Assert.Equal(2, metrics[MetricNames.StatementsPerClaim]);
    }

    [Fact]
    public void What_has_no_part_is_left_out()
    {
        var metrics = new Sample { Count = 10, Seconds = 1 }.Metrics();

        Assert.Equal([MetricNames.PerSecond], metrics.Select(metric => metric.Key));
    }

    [Fact]
    public void Without_deliveries_nothing_is_divided_by_them()
    {
        var metrics = (_sample with { Count = 0, Latency = null }).Metrics().Select(metric => metric.Key);

        Assert.Equal([MetricNames.StatementsPerClaim, MetricNames.PeakRssOf("worker"), MetricNames.PeakRssOf("receiver")], metrics);
    }
}
