using Dograh.Api.Figures;
using Dograh.WebConsole.Charts;

namespace Dograh.Tests.WebConsole;

public sealed class TimeAxisTests
{
    private static readonly DateTimeOffset FourMinutesPastTen = new(2026, 11, 28, 10, 4, 0, TimeSpan.Zero);

    [Fact]
    public void An_hour_is_written_every_ten_minutes()
    {
        var ticks = new TimeAxis(FourMinutesPastTen, TimeSpan.FromMinutes(1), 61).Ticks;

        Assert.Equal(["10:10", "10:20", "10:30", "10:40", "10:50", "11:00"], ticks.Select(tick => tick.Text));
        Assert.Equal(6 / 61.0, ticks[0].Position, 1e-9);
    }

    [Fact]
    public void Midnight_is_written_as_its_day()
    {
        var ticks = new TimeAxis(FourMinutesPastTen.AddMinutes(-4), TimeSpan.FromMinutes(15), 97).Ticks;

        Assert.Equal(["12:00", "18:00", "29 Nov", "06:00"], ticks.Select(tick => tick.Text));
    }

    [Theory]
    [InlineData("5m", "10:04:00–10:04:05")]
    [InlineData("1h", "10:04–10:05")]
    [InlineData("24h", "28 Nov 10:00–10:15")]
    [InlineData("30d", "28 Nov 08:00–16:00")]
    public void A_bucket_is_called_by_its_span(string window, string span) => Assert.Equal(span, AxisOf(window).SpanOf(0));

    [Fact]
    public void Whatever_the_window_a_few_times_are_written_and_all_are_within()
    {
        for (var minutes = 5; minutes <= 30 * 24 * 60; minutes += 7)
        {
            var ticks = AxisOf($"{minutes}m").Ticks;

            Assert.InRange(ticks.Count, 1, 8);
            Assert.All(ticks, tick => Assert.InRange(tick.Position, 0, 1));
            // Noon comes again, but not at once.
            Assert.All(ticks.Zip(ticks.Skip(1)), pair => Assert.NotEqual(pair.First.Text, pair.Second.Text));
        }
    }

    private static TimeAxis AxisOf(string window)
    {
        var span = StatsWindow.Read(window);
        var first = DateTimeOffset.UnixEpoch + (Math.Floor((FourMinutesPastTen - DateTimeOffset.UnixEpoch) / span.BucketWidth) * span.BucketWidth);
        return new TimeAxis(first, span.BucketWidth, (int)Math.Ceiling(span.Length / span.BucketWidth) + 1);
    }
}
