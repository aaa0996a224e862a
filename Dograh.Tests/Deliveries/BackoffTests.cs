using CsCheck;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Deliveries;

public sealed class BackoffTests
{
    private static readonly Gen<(int Attempts, double Base, double Max, double Jitter, double Random)> Cases =
        Gen.Select(Gen.Int[1, 10_000], Gen.Double[0, 86_400], Gen.Double[0, 86_400], Gen.Double[0, 1], Gen.Double[0, 0.999999]);

    [Fact]
    public void The_waits_are_those_of_the_original_implementation()
    {
        var defaults = new WebhookDeliveryOptions();
        var vectors = Vectors.Pipeline("backoff_after_attempt");

        Assert.NotEmpty(vectors);
        Assert.All(vectors, vector => Assert.Equal(
            vector.GetProperty("delay_s").GetDouble(),
            Backoff.AfterAttempt(vector.GetProperty("attempt").GetInt32(), defaults.BaseDelaySeconds, defaults.MaxDelaySeconds, jitterRatio: 0, random: 0.5)));
    }

    [Fact]
    public void A_wait_is_finite_and_not_negative_whatever_the_attempt() => Cases.Sample(c =>
        double.IsFinite(Wait(c)) && Wait(c) >= 0);

    [Fact]
    public void A_wait_is_never_above_the_longest_and_its_jitter() => Cases.Sample(c =>
        Wait(c) <= c.Max * (1 + c.Jitter));

    [Fact]
    public void Jitter_only_adds_and_at_most_its_share() => Cases.Sample(c =>
    {
        var plain = Wait(c with { Jitter = 0 });
        return Wait(c) >= plain && Wait(c) <= plain * (1 + c.Jitter) + 1e-9;
    });

    [Fact]
    public void Without_jitter_waits_never_get_shorter() => Cases.Sample(c =>
        Wait(c with { Jitter = 0, Attempts = c.Attempts + 1 }) >= Wait(c with { Jitter = 0 }));

    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    [InlineData(10_000)]
    [InlineData(int.MaxValue)]
    public void A_base_of_nothing_waits_for_nothing(int attempts) =>
        Assert.Equal(0, Backoff.AfterAttempt(attempts, baseDelaySeconds: 0, maxDelaySeconds: 600, jitterRatio: 1, random: 0.9));

    [Fact]
    public void Attempt_ten_thousand_waits_as_long_as_any() =>
        Assert.Equal(600, Backoff.AfterAttempt(10_000, 30, 600, jitterRatio: 0, random: 0));

    [Fact]
    public void The_share_that_is_added_at_random_is_that_of_the_draw() =>
        Assert.Equal(30 + (30 * 0.1 * 0.5), Backoff.AfterAttempt(1, 30, 600, jitterRatio: 0.1, random: 0.5));

    [Theory]
    [InlineData(10, 30)] // the backoff is later
    [InlineData(45, 45)] // the receiver is later
    [InlineData(3600, 3600)]
    [InlineData(7200, 3600)] // at most an hour
    [InlineData(-5, 30)]
    public void Of_backoff_and_Retry_After_the_later_counts(double asked, double expected) =>
        Assert.Equal(expected, Backoff.AfterAttempt(1, 30, 600, 0, 0, TimeSpan.FromSeconds(asked)));

    [Fact]
    public void Retry_After_never_shortens_a_wait_and_never_makes_it_longer_than_an_hour() =>
        Gen.Select(Cases, Gen.Double[-1e6, 1e9]).Sample((c, asked) =>
        {
            var with = Backoff.AfterAttempt(c.Attempts, c.Base, c.Max, c.Jitter, c.Random, TimeSpan.FromSeconds(asked));
            return with >= Wait(c) && with <= Math.Max(Wait(c), 3600);
        });

    [Fact]
    public void Before_the_first_failed_attempt_there_is_no_wait() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Backoff.AfterAttempt(0, 30, 600, 0, 0));

    private static double Wait((int Attempts, double Base, double Max, double Jitter, double Random) c) =>
        Backoff.AfterAttempt(c.Attempts, c.Base, c.Max, c.Jitter, c.Random);
}
