using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Api.Figures;

public sealed class StatsApiTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task Without_deliveries_there_are_no_figures()
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.GetAsync("stats")).Is(200).Matches(
            """
            {"window": "1h", "deliveries": {"pending": 0, "succeeded": 0, "dead_letter": 0, "cancelled": 0}, "attempts": 0, "success_rate": null,
             "attempt_duration_ms": {"p50": null, "p95": null, "p99": null}, "time_to_deliver_ms": {"p50": null, "p95": null, "p99": null},
             "oldest_due_age_seconds": 0, "endpoints": []}
            """);
    }

    [Fact]
    public async Task Deliveries_are_counted_by_state_and_attempts_by_outcome()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        await Database.AddAsync(2, ADelivery().Of(run));
        await Database.AddAsync(4, ADelivery().Of(run).In(DeliveryStatus.Cancelled));
        await Database.AddAsync(3, ADelivery().Of(run).In(DeliveryStatus.DeadLetter));
        var key = await Database.AddAsync(ADelivery().Of(run).In(DeliveryStatus.Succeeded).To(new Uri("https://one.example:8443/")));
        await AttemptAsync(key, 1, 500, 100);
        await AttemptAsync(key, 2, null, 200);
        await AttemptAsync(key, 3, 299, 300);
        await AttemptAsync(key, 4, 200, 400);

        var stats = (await acme.GetAsync("stats")).Is(200);

        stats.At("deliveries").Matches("""{"pending": 2, "succeeded": 1, "dead_letter": 3, "cancelled": 4}""");
        Assert.Equal((4, 0.5), (stats.Number("attempts"), stats.Double("success_rate")));
        stats.At("endpoints").Matches("""[{"host": "one.example", "deliveries": 1, "success_rate": 0.5, "p95_ms": 385, "circuit": "closed", "failed_attempts": 2}]""");
    }

    [Fact]
    public async Task Percentiles_are_of_all_attempts_and_of_all_that_succeeded()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        var keys = await Database.AddAsync(100, ADelivery().Of(run).In(DeliveryStatus.Succeeded));
        await Database.ExecuteAsync(
            """
            INSERT INTO webhook_delivery_attempts (organization_id, delivery_id, number, started_at, duration_ms, status_code, worker)
            SELECT organization_id, id, 1, now(), row_number() OVER (ORDER BY id), 200, 'w' FROM webhook_deliveries WHERE organization_id = $1
            """,
            acme.Id);
        await Database.ExecuteAsync(
            """
            UPDATE webhook_deliveries d SET delivered_at = d.created_at + n.n * interval '10 milliseconds'
            FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM webhook_deliveries WHERE organization_id = $1) n WHERE d.id = n.id AND d.organization_id = $1
            """,
            acme.Id);
        Assert.Equal(100, keys.Count);

        var stats = (await acme.GetAsync("stats")).Is(200);

        Assert.Equal((50.5, 95.05, 99.01), (stats.Double("attempt_duration_ms/p50"), Math.Round(stats.Double("attempt_duration_ms/p95"), 6), Math.Round(stats.Double("attempt_duration_ms/p99"), 6)));
        Assert.Equal(505, stats.Double("time_to_deliver_ms/p50"), 0.01);
        Assert.Equal(950.5, stats.Double("time_to_deliver_ms/p95"), 0.01);
        Assert.Equal(990.1, stats.Double("time_to_deliver_ms/p99"), 0.01);
    }

    [Theory]
    [InlineData("5m", 1)]
    [InlineData("1h", 2)]
    [InlineData("24h", 3)]
    [InlineData("7d", 4)]
    [InlineData("30d", 5)]
    [InlineData("3d", 3)]
    [InlineData("60m", 2)]
    [InlineData("720h", 5)]
    public async Task A_window_ends_now_and_has_its_length(string window, int count)
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        foreach (var age in (double[])[4, 50, 23 * 60, 6 * 24 * 60, 29 * 24 * 60, 31 * 24 * 60])
        {
            var key = await Database.AddAsync(ADelivery().Of(run).In(DeliveryStatus.DeadLetter).CreatedAgo(TimeSpan.FromMinutes(age)));
            await AttemptAsync(key, 1, 500, 1, TimeSpan.FromMinutes(age));
        }

        var stats = (await acme.GetAsync($"stats?window={window}")).Is(200);

        Assert.Equal((window, count, count), (stats.Text("window"), stats.Number("deliveries/dead_letter"), stats.Number("attempts")));
        Assert.Equal(count, stats.Number("endpoints/0/deliveries"));
    }

    [Theory]
    [InlineData("4m")]
    [InlineData("31d")]
    [InlineData("721h")]
    [InlineData("43201m")]
    [InlineData("99999d")]
    [InlineData("999999m")]
    [InlineData("05m")]
    [InlineData("1.5h")]
    [InlineData("1H")]
    [InlineData("1h%0A")]
    [InlineData("%D9%A1%D9%A0m")]
    [InlineData("1w")]
    [InlineData("0h")]
    [InlineData("0")]
    [InlineData("-1h")]
    [InlineData("%20")]
    [InlineData("1h&window=5m")]
    public async Task Another_window_is_422(string window)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.GetAsync($"stats?window={window}")).Blames("window");
        (await acme.GetAsync($"stats/timeline?window={window}")).Blames("window");
    }

    [Theory]
    [InlineData("stats")]
    [InlineData("stats?window=")]
    public async Task Without_a_window_it_is_an_hour(string path) =>
        Assert.Equal("1h", (await (await Api.NewOrganizationAsync()).GetAsync(path)).Is(200).Text("window"));

    [Fact]
    public async Task The_oldest_due_delivery_that_nobody_has_tells_its_age()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        await Database.AddAsync(ADelivery().Of(run).DueIn(TimeSpan.FromSeconds(-100)));
        await Database.AddAsync(ADelivery().Of(run).DueIn(TimeSpan.FromSeconds(-50)));
        await Database.AddAsync(ADelivery().Of(run).DueIn(TimeSpan.FromSeconds(50)));
        await Database.AddAsync(ADelivery().Of(run).DueIn(TimeSpan.FromSeconds(-1000)).In(DeliveryStatus.DeadLetter));
        await Database.AddAsync(ADelivery().Of(run).DueIn(TimeSpan.FromSeconds(-2000)).CreatedAgo(TimeSpan.FromDays(40)).In(DeliveryStatus.Cancelled));

        Assert.InRange((await acme.GetAsync("stats?window=5m")).Is(200).Double("oldest_due_age_seconds"), 100, 160);
    }

    [Fact]
    public async Task A_delivery_whose_worker_is_gone_is_due_from_the_end_of_its_lease_on()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        await Database.AddAsync(ADelivery().Of(run).DueIn(TimeSpan.FromSeconds(-100)).LeftBy("worker 1"));
        await Database.AddAsync(ADelivery().Of(run).DueIn(TimeSpan.FromSeconds(90)).LeftBy("worker 2"));

        Assert.InRange((await acme.GetAsync("stats?window=5m")).Is(200).Double("oldest_due_age_seconds"), 100, 160);
    }

    [Fact]
    public async Task A_receiver_whose_circuit_holds_deliveries_back_is_open()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        var soon = ADelivery().Of(run).DueIn(TimeSpan.FromMinutes(5));
        await Database.AddAsync(soon.To(new Uri("https://open.example/")));
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET waiting_for = 'circuit' WHERE organization_id = $1", acme.Id);
        var busy = await Database.AddAsync(soon.To(new Uri("https://busy.example/")));
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET waiting_for = 'concurrency' WHERE organization_id = $1 AND id = $2", acme.Id, busy.Id);
        await AttemptAsync(busy, 1, 503, 10);

        (await acme.GetAsync("stats")).Is(200).At("endpoints").Matches(
            """
            [{"host": "busy.example", "deliveries": 1, "success_rate": 0, "p95_ms": 10, "circuit": "closed", "failed_attempts": 1},
             {"host": "open.example", "deliveries": 0, "success_rate": null, "p95_ms": null, "circuit": "open", "failed_attempts": 0}]
            """);
    }

    [Fact]
    public async Task Receivers_are_listed_the_busiest_first()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        foreach (var (host, count) in ((string, int)[])[("b.example", 1), ("a.example", 1), ("c.example", 3)])
        {
            foreach (var key in await Database.AddAsync(count, ADelivery().Of(run).To(new Uri($"https://{host}/")))) await AttemptAsync(key, 1, 200, 1);
        }

        Assert.Equal(["c.example", "a.example", "b.example"], (await acme.GetAsync("stats")).Is(200).Texts("endpoints", "host"));
    }

    // However many there are that are busier.
    [Fact]
    public async Task The_slowest_and_the_most_failing_receivers_are_listed_however_little_they_are_sent()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        for (var n = 0; n < 100; n++)
        {
            foreach (var key in await Database.AddAsync(2, ADelivery().Of(run).To(new Uri($"https://busy-{n}.example/")))) await AttemptAsync(key, 1, 200, 10);
        }

        // Behind them all by name, so that it is not by chance that some of them are shown.
        for (var n = 0; n < 25; n++) await AttemptAsync(await Database.AddAsync(ADelivery().Of(run).To(new Uri($"https://idle-{n:00}.example/"))), 1, 200, 5);
        await AttemptAsync(await Database.AddAsync(ADelivery().Of(run).To(new Uri("https://slow.example/"))), 1, 200, 9000);
        var failing = await Database.AddAsync(ADelivery().Of(run).To(new Uri("https://void.example/")));
        for (var n = 1; n <= 3; n++) await AttemptAsync(failing, n, null, 1);

        var endpoints = (await acme.GetAsync("stats")).Is(200).Items("endpoints");

        Assert.InRange(endpoints.Count, 102, 140);
        Assert.Equal(9000, endpoints.Single(endpoint => endpoint.Text("host") == "slow.example").Double("p95_ms"));
        Assert.Equal(3, endpoints.Single(endpoint => endpoint.Text("host") == "void.example").Number("failed_attempts"));
        Assert.DoesNotContain("idle-24.example", endpoints.Select(endpoint => endpoint.Text("host")));
    }

    private Task<int> AttemptAsync(DeliveryKey key, int number, int? statusCode, double milliseconds, TimeSpan ago = default) => Database.ExecuteAsync(
        """
        INSERT INTO webhook_delivery_attempts (organization_id, delivery_id, number, started_at, duration_ms, status_code, worker)
        VALUES ($1, $2, $3, now() - $4, $5, $6, 'w')
        """,
        key.OrganizationId, key.Id, number, ago, milliseconds, new Npgsql.NpgsqlParameter { Value = (object?)statusCode ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Integer });
}
