using Dograh.Tests.Support;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Microsoft.Extensions.DependencyInjection;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Api.Figures;

public sealed class TimelineApiTests(ApiFixture fixture) : ApiTest(fixture)
{
    // Ten o'clock, and the minute as a bucket.
    private static readonly DateTimeOffset Ten = new(2026, 6, 1, 10, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Without_deliveries_every_bucket_is_there_and_empty()
    {
        var acme = await Api.NewOrganizationAsync();

        var timeline = (await acme.GetAsync("stats/timeline")).Is(200);

        Assert.Equal(["window", "until", "bucket_seconds", "backlog", "buckets"], timeline.Names());
        timeline.At("backlog").Matches("""{"pending": 0, "due": 0, "oldest_due_age_seconds": 0, "dead_letters": 0}""");
        Assert.Equal(("1h", 60), (timeline.Text("window"), timeline.Number("bucket_seconds")));
        var buckets = timeline.Items("buckets");
        Assert.Equal(61, buckets.Count);
        var start = buckets[0].Time("start");
        Assert.Equal(0, start.ToUnixTimeSeconds() % 60);
        Assert.Equal(Enumerable.Range(0, 61).Select(n => start.AddMinutes(n)), buckets.Select(bucket => bucket.Time("start")));
        Assert.InRange(timeline.Time("until"), buckets[^1].Time("start"), buckets[^1].Time("start").AddMinutes(1));
        Assert.All(buckets, bucket => Assert.Equal(
            """{"deliveries":{"pending":0,"succeeded":0,"dead_letter":0,"cancelled":0},"attempts":0,"failed_attempts":0,"success_rate":null,"time_to_deliver_ms":{"p50":null,"p95":null,"p99":null}}""",
            "{" + bucket.GetRawText().Split(',', 2)[1]));
    }

    [Theory]
    [InlineData("5m", 5)]
    [InlineData("15m", 10)]
    [InlineData("6h", 300)]
    [InlineData("3d", 3600)]
    [InlineData("30d", 28_800)]
    public async Task Any_window_shows_what_is_in_it_where_it_was(string window, int seconds)
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        var length = Dograh.Api.Figures.StatsWindow.Read(window).Length;
        // At the beginning, in the middle, at the end, and just too early.
        foreach (var age in (TimeSpan[])[length * 0.99, length / 2, TimeSpan.FromSeconds(1), length + (2 * TimeSpan.FromSeconds(seconds))])
        {
            await AttemptAsync(await Database.AddAsync(ADelivery().Of(run).In(DeliveryStatus.DeadLetter).CreatedAgo(age)), 1, 500, age);
        }

        var timeline = (await acme.GetAsync($"stats/timeline?window={window}")).Is(200);

        Assert.Equal((window, seconds), (timeline.Text("window"), timeline.Number("bucket_seconds")));
        var buckets = timeline.Items("buckets");
        var used = buckets.Where(bucket => bucket.Number("deliveries/dead_letter") > 0).ToList();
        Assert.Equal(3, used.Sum(bucket => bucket.Number("deliveries/dead_letter")));
        Assert.Equal(3, buckets.Sum(bucket => bucket.Number("failed_attempts")));
        var until = timeline.Time("until");
        foreach (var (bucket, age) in used.Zip((TimeSpan[])[length * 0.99, length / 2, TimeSpan.FromSeconds(1)]))
        {
            Assert.InRange(bucket.Time("start"), until - age - TimeSpan.FromSeconds(seconds + 5), until - age + TimeSpan.FromSeconds(5));
        }
    }

    [Fact]
    public async Task What_came_in_a_bucket_is_counted_by_what_has_become_of_it()
    {
        var run = await Database.AddRunAsync((await Api.NewOrganizationAsync()).Id);
        await AddAtAsync(run, Ten, DeliveryStatus.Succeeded, seconds: 1, count: 3);
        await AddAtAsync(run, Ten.AddSeconds(59.999999), DeliveryStatus.DeadLetter);
        await AddAtAsync(run, Ten.AddSeconds(60), DeliveryStatus.Pending, count: 2);
        await AddAtAsync(run, Ten.AddSeconds(90), DeliveryStatus.Cancelled);
        // Beyond either end.
        await AddAtAsync(run, Ten.AddSeconds(-0.000001), DeliveryStatus.Pending);
        await AddAtAsync(run, Ten.AddMinutes(5), DeliveryStatus.Pending);

        var buckets = await ReadAsync(run.OrganizationId, Ten, Ten.AddMinutes(5));

        Assert.Equal([Number(Ten), Number(Ten) + 1], buckets.Keys.Order());
        Assert.Equal((0, 3, 1, 0), buckets[Number(Ten)].Deliveries);
        Assert.Equal((2, 0, 0, 1), buckets[Number(Ten) + 1].Deliveries);
    }

    [Fact]
    public async Task Attempts_are_counted_where_they_began_and_not_where_their_delivery_was_created()
    {
        var run = await Database.AddRunAsync((await Api.NewOrganizationAsync()).Id);
        var key = await AddAtAsync(run, Ten, DeliveryStatus.Succeeded, seconds: 200);
        await AttemptAtAsync(key, 1, Ten.AddSeconds(1), 503);
        await AttemptAtAsync(key, 2, Ten.AddSeconds(61), null);
        await AttemptAtAsync(key, 3, Ten.AddSeconds(62), 301);
        await AttemptAtAsync(key, 4, Ten.AddSeconds(180), 204);
        await AttemptAtAsync(key, 5, Ten.AddSeconds(300), 200);

        var buckets = await ReadAsync(run.OrganizationId, Ten, Ten.AddMinutes(5));

        Assert.Equal([(1, 0), (2, 0), (1, 1)], buckets.OrderBy(bucket => bucket.Key).Select(bucket => (bucket.Value.Attempts, bucket.Value.SucceededAttempts)));
        Assert.Equal([0, 1, 3], buckets.Keys.Order().Select(number => number - Number(Ten)));
        Assert.Equal(default, buckets[Number(Ten) + 3].Deliveries);
    }

    [Fact]
    public async Task The_time_to_deliver_is_that_of_the_deliveries_that_came_then_and_have_succeeded()
    {
        var run = await Database.AddRunAsync((await Api.NewOrganizationAsync()).Id);
        for (var n = 1; n <= 100; n++) await AddAtAsync(run, Ten.AddSeconds(n / 10.0), DeliveryStatus.Succeeded, seconds: n / 100.0);
        await AddAtAsync(run, Ten.AddSeconds(30), DeliveryStatus.DeadLetter);
        await AddAtAsync(run, Ten.AddSeconds(70), DeliveryStatus.Pending);

        var buckets = await ReadAsync(run.OrganizationId, Ten, Ten.AddMinutes(5));

        Assert.Equal([505, 950.5, 990.1], buckets[Number(Ten)].TimeToDeliverMs!.Select(milliseconds => Math.Round(milliseconds, 3)));
        Assert.Null(buckets[Number(Ten) + 1].TimeToDeliverMs);
    }

    [Fact]
    public async Task A_bucket_tells_the_share_of_its_attempts_that_succeeded()
    {
        var acme = await Api.NewOrganizationAsync();
        var key = await Database.AddAsync(ADelivery().Of(await Database.AddRunAsync(acme.Id)).In(DeliveryStatus.Succeeded).CreatedAgo(TimeSpan.FromMinutes(30)));
        for (var n = 1; n <= 4; n++) await AttemptAsync(key, n, n == 4 ? 200 : 500, TimeSpan.FromMinutes(30));

        var buckets = (await acme.GetAsync("stats/timeline")).Is(200).Items("buckets");

        var tried = Assert.Single(buckets, bucket => bucket.Number("attempts") > 0);
        Assert.Equal((4, 3, 0.25), (tried.Number("attempts"), tried.Number("failed_attempts"), tried.Double("success_rate")));
    }

    [Fact]
    public async Task The_backlog_is_what_waits_and_is_parked_now_whenever_it_was_created()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        await Database.AddAsync(3, ADelivery().Of(run).DueIn(TimeSpan.FromSeconds(-100)));
        await Database.AddAsync(2, ADelivery().Of(run).DueIn(TimeSpan.FromSeconds(100)));
        await Database.AddAsync(4, ADelivery().Of(run).In(DeliveryStatus.DeadLetter).CreatedAgo(TimeSpan.FromDays(50)));
        await Database.AddAsync(5, ADelivery().Of(run).In(DeliveryStatus.Cancelled).DueIn(TimeSpan.FromSeconds(-1000)));

        var backlog = (await acme.GetAsync("stats/timeline?window=5m")).Is(200).At("backlog");

        Assert.Equal((5, 3, 4), (backlog.Number("pending"), backlog.Number("due"), backlog.Number("dead_letters")));
        Assert.InRange(backlog.Double("oldest_due_age_seconds"), 100, 160);
    }

    [Fact]
    public async Task Nothing_of_another_organization_is_in_it_nor_kept_for_it()
    {
        var acme = await Api.NewOrganizationAsync();
        var stranger = await Api.NewOrganizationAsync("Stranger");
        await Database.AddAsync(3, ADelivery().Of(await Database.AddRunAsync(acme.Id)).In(DeliveryStatus.DeadLetter));

        Assert.Equal(3, (await acme.GetAsync("stats/timeline")).Is(200).Number("backlog/dead_letters"));
        var seen = (await stranger.GetAsync("stats/timeline")).Is(200);

        Assert.Equal(0, seen.Number("backlog/dead_letters"));
        Assert.All(seen.Items("buckets"), bucket => Assert.Equal(0, bucket.Number("deliveries/dead_letter")));
    }

    // What has been read before is not the end of it, neither what just happens nor what becomes of what was there.
    [Fact]
    public async Task What_happens_is_seen_within_two_seconds()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        var old = await Database.AddAsync(ADelivery().Of(run).In(DeliveryStatus.DeadLetter).CreatedAgo(TimeSpan.FromMinutes(30)));
        Assert.Equal((1, 0), Counts((await acme.GetAsync("stats/timeline")).Is(200)));

        await Database.AddAsync(ADelivery().Of(run).In(DeliveryStatus.Succeeded).CreatedAgo(TimeSpan.Zero));
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET status = 'succeeded', delivered_at = now() WHERE organization_id = $1 AND id = $2", acme.Id, old.Id);
        var changed = TimeProvider.System.GetTimestamp();

        await Eventually.TrueAsync(async () => Counts((await acme.GetAsync("stats/timeline")).Is(200)) == (0, 2));
        Assert.InRange(TimeProvider.System.GetElapsedTime(changed).TotalSeconds, 0, 2);

        static (long, long) Counts(System.Text.Json.JsonElement timeline) =>
            (timeline.Items("buckets").Sum(bucket => bucket.Number("deliveries/dead_letter")), timeline.Items("buckets").Sum(bucket => bucket.Number("deliveries/succeeded")));
    }

    private static long Number(DateTimeOffset time) => time.ToUnixTimeSeconds() / 60;

    private async Task<IReadOnlyDictionary<long, TimelineBucket>> ReadAsync(long organization, DateTimeOffset from, DateTimeOffset until)
    {
        await using var connection = await Api.Services.GetRequiredService<TenantDatabase>().OpenAsync(organization, Token);
        return await ReadTimeline.ExecuteAsync(connection, organization, from, until, Minute, 30, Token);
    }

    private async Task<DeliveryKey> AddAtAsync(ARun run, DateTimeOffset at, DeliveryStatus status, double seconds = 0, int count = 1)
    {
        var keys = await Database.AddAsync(count, ADelivery().Of(run).In(status));
        foreach (var key in keys)
        {
            await Database.ExecuteAsync(
                "UPDATE webhook_deliveries SET created_at = $3, delivered_at = CASE WHEN status = 'succeeded' THEN $3 + $4 END WHERE organization_id = $1 AND id = $2",
                key.OrganizationId, key.Id, at, TimeSpan.FromSeconds(seconds));
            await Database.ExecuteAsync("UPDATE webhook_delivery_listings SET created_at = $3 WHERE organization_id = $1 AND id = $2", key.OrganizationId, key.Id, at);
        }

        return keys[0];
    }

    private Task<int> AttemptAtAsync(DeliveryKey key, int number, DateTimeOffset at, int? statusCode) => Database.ExecuteAsync(
        "INSERT INTO webhook_delivery_attempts (organization_id, delivery_id, number, started_at, duration_ms, status_code, worker) VALUES ($1, $2, $3, $4, 1, $5, 'w')",
        key.OrganizationId, key.Id, number, at, Status(statusCode));

    private Task<int> AttemptAsync(DeliveryKey key, int number, int? statusCode, TimeSpan ago) => Database.ExecuteAsync(
        "INSERT INTO webhook_delivery_attempts (organization_id, delivery_id, number, started_at, duration_ms, status_code, worker) VALUES ($1, $2, $3, now() - $4, 1, $5, 'w')",
        key.OrganizationId, key.Id, number, ago, Status(statusCode));

    private static Npgsql.NpgsqlParameter Status(int? code) => new() { Value = (object?)code ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Integer };
}
