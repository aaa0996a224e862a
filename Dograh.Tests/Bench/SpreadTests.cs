using Dograh.Bench.Measuring;

namespace Dograh.Tests.Bench;

public sealed class SpreadTests
{
    [Theory]
    [InlineData(new[] { 3.0, 1.0, 2.0 }, 2.0, 1.0, 3.0)]
    [InlineData(new[] { 4.0, 1.0, 2.0, 3.0 }, 2.5, 1.0, 4.0)]
    [InlineData(new[] { 7.0 }, 7.0, 7.0, 7.0)]
    public void The_median_is_the_middle_one_or_the_mean_of_the_middle_two(double[] values, double median, double min, double max)
    {
        Assert.Equal(new Spread(median, min, max), Spread.Of(values));
    }

    [Fact]
    public void One_outlier_of_three_rounds_does_not_move_the_median()
    {
        Assert.Equal(101, Spread.Of([100, 9, 101, 102, 5000])!.Median);
    }

    [Fact]
    public void Of_no_rounds_there_is_none()
    {
        Assert.Null(Spread.Of([]));
    }

    [Fact]
    public void A_range_is_told_only_where_there_is_one()
    {
        Assert.Equal("", new Spread(5, 5, 5).Range);
        Assert.Equal("9,500–12.3k", new Spread(10_000, 9_500, 12_345).Range);
    }
}
