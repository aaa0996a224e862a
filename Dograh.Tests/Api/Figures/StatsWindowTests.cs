using CsCheck;
using Dograh.Api.Figures;

namespace Dograh.Tests.Api.Figures;

public sealed class StatsWindowTests
{
    [Theory]
    [InlineData("5m", 5)]
    [InlineData("10m", 10)]
    [InlineData("1h", 60)]
    [InlineData("6h", 300)]
    [InlineData("24h", 900)]
    [InlineData("3d", 3600)]
    [InlineData("7d", 7200)]
    [InlineData("30d", 28_800)]
    public void A_bucket_is_as_wide_as_a_clock_shows(string window, int seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), StatsWindow.Read(window).BucketWidth);

    [Fact]
    public void Every_window_has_buckets_enough_to_see_and_no_more_than_120() =>
        Gen.Int[5, 30 * 24 * 60].Sample(minutes =>
        {
            var window = StatsWindow.Read($"{minutes}m");
            var buckets = Math.Ceiling(window.Length / window.BucketWidth) + 1;
            Assert.InRange(buckets, 40, StatsWindow.MaxBuckets);
        });
}
