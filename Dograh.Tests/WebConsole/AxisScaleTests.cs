using CsCheck;
using Dograh.WebConsole.Charts;

namespace Dograh.Tests.WebConsole;

public sealed class AxisScaleTests
{
    [Theory]
    [InlineData(0, "0 1")]
    [InlineData(1, "0 0.5 1")]
    [InlineData(3, "0 1 2 3")]
    [InlineData(7, "0 2 4 6 8")]
    [InlineData(40, "0 10 20 30 40")]
    [InlineData(41, "0 20 40 60")]
    [InlineData(0.03, "0 0.01 0.02 0.03")]
    [InlineData(123_456, "0 50000 100000 150000")]
    public void An_axis_from_zero_has_round_numbers(double max, string ticks) => Assert.Equal(ticks, string.Join(' ', AxisScale.FromZero(max).Ticks));

    [Theory]
    [InlineData(12, 90, "10 100")]
    [InlineData(3, 4200, "1 10 100 1000 10000")]
    [InlineData(1, 1, "1 10")]
    [InlineData(900, 70_000, "100 1000 10000 60000 600000")]
    [InlineData(0, 0.05, "0.1 1")]
    public void An_axis_of_times_has_the_times_that_people_say(double min, double max, string ticks) => Assert.Equal(ticks, string.Join(' ', AxisScale.OfTimes(min, max).Ticks));

    [Fact]
    public void Whatever_the_values_they_are_on_the_axis_in_their_order_and_few_ticks_are_written() =>
        (from max in Gen.Double[1e-6, 1e9] from part in Gen.Double[0, 1] select (max, part)).Sample(it =>
        {
            foreach (var scale in (AxisScale[])[AxisScale.FromZero(it.max), AxisScale.OfTimes(it.max * it.part, it.max)])
            {
                Assert.InRange(scale.Ticks.Count, 2, 12);
                Assert.Equal(scale.Ticks.Order(), scale.Ticks);
                Assert.Equal((0, 1), (scale.PositionOf(scale.Ticks[0]), scale.PositionOf(scale.Ticks[^1])));
                Assert.InRange(scale.PositionOf(it.max * it.part), 0, scale.PositionOf(it.max) + 1e-9);
            }

            Assert.InRange(AxisScale.FromZero(it.max).Ticks[^1], it.max * (1 - 1e-6), Math.Max(it.max * 2.5, 1e-5));
        });

    [Fact]
    public void Ten_times_as_long_is_as_far_wherever_it_is()
    {
        var scale = AxisScale.OfTimes(1, 10_000);

        Assert.Equal([0, 0.25, 0.5, 0.75, 1], ((double[])[1, 10, 100, 1000, 10_000]).Select(time => Math.Round(scale.PositionOf(time), 9)));
    }
}
