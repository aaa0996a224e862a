using Dograh.Bench.Measuring;

namespace Dograh.Tests.Bench;

public sealed class LatencySummaryTests
{
    [Fact]
    public void Percentiles_are_values_that_were_measured_by_nearest_rank()
    {
        var values = Enumerable.Range(1, 1000).Select(i => (double)i).Reverse().ToArray();

        Assert.Equal(new LatencySummary(P50: 500, P95: 950, P99: 990, Max: 1000), LatencySummary.Of(values));
    }

    [Fact]
    public void Of_few_values_the_slowest_is_the_99th_percentile()
    {
        Assert.Equal(new LatencySummary(P50: 2, P95: 3, P99: 3, Max: 3), LatencySummary.Of([3, 1, 2]));
    }

    [Fact]
    public void Of_no_values_there_is_none()
    {
        Assert.Null(LatencySummary.Of([]));
    }
}
