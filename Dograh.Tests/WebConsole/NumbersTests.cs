using Dograh.WebConsole.Components;

namespace Dograh.Tests.WebConsole;

public sealed class NumbersTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.0042, "0.004")]
    [InlineData(1.5, "1.5")]
    [InlineData(42.42, "42.4")]
    [InlineData(12_345.6, "12,346")]
    public void A_rate_has_the_digits_that_are_looked_at(double rate, string text) => Assert.Equal(text, Numbers.Rate(rate));

    [Theory]
    [InlineData(null, "–")]
    [InlineData(1.0, "100 %")]
    [InlineData(0.99999, "> 99.9 %")]
    [InlineData(0.9876, "98.8 %")]
    [InlineData(0.0, "0 %")]
    public void Only_all_is_written_as_all(double? share, string text) => Assert.Equal(text, Numbers.Share(share));

    [Theory]
    [InlineData(null, "–")]
    [InlineData(0.42, "0.4 ms")]
    [InlineData(12.4, "12 ms")]
    [InlineData(999.4, "999 ms")]
    [InlineData(999.6, "1 s")]
    [InlineData(4240.0, "4.2 s")]
    [InlineData(59_960.0, "1 min")]
    [InlineData(400_000.0, "6.7 min")]
    [InlineData(11_520_000.0, "3.2 h")]
    [InlineData(1_080_000_000.0, "12.5 d")]
    public void A_time_has_the_unit_that_suits_it(double? milliseconds, string text) => Assert.Equal(text, Numbers.Time(milliseconds));
}
