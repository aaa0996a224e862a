using System.Globalization;
using System.Net;
using Dograh.Api;
using Dograh.Api.Access;
using Dograh.Tests.Support;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Dograh.Tests.Api.Access;

/// <summary>Who asks too much, or tries keys, is told when to come again, and is nobody else's trouble.</summary>
public sealed class RateLimitTests(TestServers servers)
{
    private static readonly IPAddress Somebody = IPAddress.Parse("192.0.2.1");

    [Fact]
    public async Task A_key_that_makes_more_requests_than_it_may_is_told_to_wait_and_no_other_key_is()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Api:RequestsPerMinutePerKey", 3));
        var acme = await api.NewOrganizationAsync();
        var other = api.WithKey((await acme.PostAsync("api-keys", new { name = "other" })).Is(201).Text("api_key"));
        for (var n = 0; n < 2; n++) (await acme.GetAsync("workflows")).Is(200);

        var refused = await acme.GetAsync("workflows");

        Assert.Contains("Api:RequestsPerMinutePerKey", refused.IsProblem(429).Text("detail"), StringComparison.Ordinal);
        Assert.InRange(int.Parse(refused.Header("Retry-After")!, CultureInfo.InvariantCulture), 1, 20);
        (await other.GetAsync("workflows")).Is(200);
        for (var n = 0; n < 10; n++) (await api.Admin.GetAsync("organizations")).Is(200);
    }

    [Fact]
    public async Task An_address_that_tries_keys_is_refused_without_a_look_and_working_keys_are_not()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Api:FailedLoginsPerMinutePerAddress", 60));
        var acme = await api.NewOrganizationAsync();
        (await acme.GetAsync("workflows")).Is(200);
        var created = (await acme.PostAsync("api-keys", new { name = "not seen yet" })).Is(201).Text("api_key");
        for (var n = 0; n < 60; n++) (await api.WithKey($"dgk_{n}").GetAsync("workflows")).IsProblem(401);

        // PostgreSQL does not answer for keys, and is not asked.
        await using (var held = await api.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken))
        {
            await using var locking = new Npgsql.NpgsqlCommand("BEGIN; LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE", held);
            await locking.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            ApiAnswer refused;
            var n = 0;
            // One try comes back a second: it may be taken by now.
            do refused = await api.WithKey($"dgk_more-{n}").GetAsync("workflows");
            while (refused.Status == 503 && n++ < 5);

            refused.IsProblem(429);
            Assert.InRange(int.Parse(refused.Header("Retry-After")!, CultureInfo.InvariantCulture), 1, 2);
            await using var ending = new Npgsql.NpgsqlCommand("ROLLBACK", held);
            await ending.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        (await acme.GetAsync("workflows")).Is(200);
        (await api.Admin.GetAsync("organizations")).Is(200);
        await Eventually.TrueAsync(async () => (await api.WithKey(created).GetAsync("workflows")).Status == 200);
        (await api.WithKey(created).GetAsync("workflows")).Is(200);
    }

    [Fact]
    public void Tries_come_back_by_and_by_and_at_once_for_a_key_that_works()
    {
        var time = new FakeTimeProvider();
        var failures = Failures(time, limit: 6);
        for (var n = 0; n < 6; n++) Assert.Null(failures.Take(Somebody));
        Assert.Equal(TimeSpan.FromSeconds(10), failures.Take(Somebody));
        Assert.Null(failures.Take(IPAddress.Parse("192.0.2.2")));

        failures.GiveBack(Somebody);
        Assert.Null(failures.Take(Somebody));
        Assert.NotNull(failures.Take(Somebody));

        time.Advance(TimeSpan.FromSeconds(20));
        for (var n = 0; n < 2; n++) Assert.Null(failures.Take(Somebody));
        Assert.NotNull(failures.Take(Somebody));
    }

    [Theory]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.1", "c000:201::", false)]
    public void An_address_is_one_of_IPv4_or_a_network_of_IPv6(string one, string other, bool areOne)
    {
        var failures = Failures(new FakeTimeProvider(), limit: 1);
        Assert.Null(failures.Take(IPAddress.Parse(one)));

        Assert.Equal(areOne, failures.Take(IPAddress.Parse(other)) is not null);
    }

    [Fact]
    public void However_many_addresses_come_so_many_are_counted()
    {
        var time = new FakeTimeProvider();
        var failures = Failures(time, limit: 100);
        for (var n = 0; n < 25_000; n++)
        {
            failures.Take(new IPAddress(n + 1));
            Assert.InRange(failures.Tracked, 1, 10_000);
        }

        // Those that are over are forgotten first.
        time.Advance(TimeSpan.FromMinutes(1));
        for (var n = 0; n < 10_000; n++) failures.Take(new IPAddress(n + 100_000));
        Assert.InRange(failures.Tracked, 1, 10_000);
    }

    [Fact]
    public void Zero_is_no_limit()
    {
        var failures = Failures(new FakeTimeProvider(), limit: 0);
        for (var n = 0; n < 1000; n++) Assert.Null(failures.Take(Somebody));

        Assert.Equal(0, failures.Tracked);
    }

    private static FailedLogins Failures(TimeProvider time, int limit) => new(Options.Create(new ApiOptions { FailedLoginsPerMinutePerAddress = limit }), time);
}
