using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Data;

public sealed class ReturnClaimsTests(TestServers servers) : DatabaseTest(servers)
{
    private const string Worker = "worker-a";
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);
    private static readonly TimeSpan TooOld = TimeSpan.FromHours(25);

    [Theory]
    [InlineData(WaitingReason.Circuit)]
    [InlineData(WaitingReason.Concurrency)]
    [InlineData(WaitingReason.Throttled)]
    [InlineData(WaitingReason.Credential)]
    public async Task A_deferred_delivery_waits_says_what_for_and_counts_no_attempt(string reason)
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery().WithAttempts(1)));

        var written = await ReturnAsync(claim, delaySeconds: 12.5, reason);

        var row = await Database.DeliveryAsync(claim.Key);
        Assert.Equal((DeliveryStatus.Pending, 1, reason), (row.Status, row.AttemptCount, row.WaitingFor));
        Assert.Equal((null, null), (row.LeasedBy, row.LastError));
        Assert.Equal(12.5, (row.ScheduledFor - row.UpdatedAt).TotalSeconds, precision: 4);
        Assert.Equal((DeliveryStatus.Pending, row.ScheduledFor), written[claim.Key]);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_released_delivery_is_due_again_and_waits_for_nothing()
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery()));

        await ReturnAsync(claim, delaySeconds: 0, reason: null);

        var row = await Database.DeliveryAsync(claim.Key);
        Assert.Equal((DeliveryStatus.Pending, 0, null, null), (row.Status, row.AttemptCount, row.WaitingFor, row.LeasedBy));
        Assert.Equal(2, (await ClaimAsync(claim.Key)).Token);
        Assert.Equal(0, (await Database.DeliveryAsync(claim.Key)).LostClaims);
    }

    [Fact]
    public async Task Only_the_current_claim_can_be_given_back()
    {
        var key = await Database.AddAsync(ADelivery());
        var earlier = await ClaimAsync(key);
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET scheduled_for = now() - interval '1 second'");
        var current = await ClaimAsync(key);

        Assert.Empty(await ReturnAsync(earlier, 0, WaitingReason.Circuit));
        Assert.Equal(Worker, (await Database.DeliveryAsync(key)).LeasedBy);
        Assert.Single(await ReturnAsync(current, 0, WaitingReason.Circuit));
    }

    [Fact]
    public async Task A_claim_is_given_back_once_only()
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery()));
        Assert.Single(await ReturnAsync(claim, 60, WaitingReason.Circuit));

        Assert.Empty(await ReturnAsync(claim, 0, WaitingReason.Concurrency));
        Assert.Equal(WaitingReason.Circuit, (await Database.DeliveryAsync(claim.Key)).WaitingFor);
    }

    [Theory]
    [InlineData(DeliveryStatus.DeadLetter)]
    [InlineData(DeliveryStatus.Cancelled)]
    public async Task A_delivery_that_was_ended_meanwhile_stays_so(DeliveryStatus status)
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery().CreatedAgo(TooOld)));
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET status = $1, leased_by = NULL", status);

        Assert.Empty(await ReturnAsync(claim, 1, WaitingReason.Circuit));
        Assert.Equal(status, (await Database.DeliveryAsync(claim.Key)).Status);
    }

    [Fact]
    public async Task One_that_would_be_deferred_past_the_greatest_age_is_dead_lettered_as_expired()
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery().CreatedAgo(TooOld).WithAttempts(1)));

        var written = await ReturnAsync(claim, 30, WaitingReason.Circuit);

        Assert.Equal(DeliveryStatus.DeadLetter, written[claim.Key].Status);
        var row = await Database.DeliveryAsync(claim.Key);
        Assert.Equal((DeliveryStatus.DeadLetter, 1, null, null), (row.Status, row.AttemptCount, row.WaitingFor, row.LeasedBy));
        Assert.StartsWith("expired", row.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_its_owner_should_know_of_a_deferral_is_kept_also_when_it_expires_and_otherwise_what_was_known_before()
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery()));
        var old = await ClaimAsync(await Database.AddAsync(ADelivery().CreatedAgo(TooOld)));

        await Database.Store.ReturnAsync(
            [.. new[] { claim, old }.Select(one => new ReturnedClaim(one.Key, one.Token, 0, WaitingReason.Credential, "no token"))], MaxAge, Token);
        Assert.Equal("no token", (await Database.DeliveryAsync(claim.Key)).LastError);
        Assert.StartsWith("no token; expired", (await Database.DeliveryAsync(old.Key)).LastError, StringComparison.Ordinal);

        await ReturnAsync(await ClaimAsync(claim.Key), 0, WaitingReason.Circuit);
        Assert.Equal("no token", (await Database.DeliveryAsync(claim.Key)).LastError);
    }

    [Fact]
    public async Task The_greatest_age_is_counted_from_the_last_replay()
    {
        var replayed = await ClaimAsync(await Database.AddAsync(ADelivery().CreatedAgo(TooOld * 3).ReplayedAgo(TimeSpan.FromHours(1))));
        var longReplayed = await ClaimAsync(await Database.AddAsync(ADelivery().CreatedAgo(TooOld * 3).ReplayedAgo(TooOld)));

        await ReturnAsync(replayed, 30, WaitingReason.Throttled);
        await ReturnAsync(longReplayed, 30, WaitingReason.Throttled);

        Assert.Equal(DeliveryStatus.Pending, (await Database.DeliveryAsync(replayed.Key)).Status);
        Assert.Equal(DeliveryStatus.DeadLetter, (await Database.DeliveryAsync(longReplayed.Key)).Status);
    }

    [Fact]
    public async Task Releasing_never_expires_a_delivery_for_our_failures_are_not_the_receivers()
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery().CreatedAgo(TooOld * 10)));

        await ReturnAsync(claim, 5, reason: null);

        Assert.Equal(DeliveryStatus.Pending, (await Database.DeliveryAsync(claim.Key)).Status);
    }

    [Fact]
    public async Task Giving_back_keeps_the_last_error_and_the_last_status_code()
    {
        var key = await Database.AddAsync(ADelivery().WithAttempts(1));
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET last_error = 'HTTP 503: ', last_status_code = 503");

        await ReturnAsync(await ClaimAsync(key), 5, WaitingReason.Concurrency);

        var row = await Database.DeliveryAsync(key);
        Assert.Equal(("HTTP 503: ", 503), (row.LastError, row.LastStatusCode));
    }

    private async Task<ClaimedDelivery> ClaimAsync(DeliveryKey key) => Assert.Single((await Database.Store.ClaimAsync([key], Worker, Margin)).Claimed);

    private Task<IReadOnlyDictionary<DeliveryKey, (DeliveryStatus Status, DateTimeOffset DueAt)>> ReturnAsync(
        ClaimedDelivery claim, double delaySeconds, string? reason) =>
        Database.Store.ReturnAsync([new ReturnedClaim(claim.Key, claim.Token, delaySeconds, reason)], MaxAge, Token);
}
