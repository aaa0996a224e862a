using System.Text.Json;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Api.Deliveries;

/// <summary>Cancelling many, naming them one by one, and doing it a part at a time; what bulk replay alone does is in <see cref="BulkReplayTests"/>.</summary>
public sealed class BulkCallTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task All_that_is_pending_and_matches_is_cancelled_and_nothing_else()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        var theirs = await Database.AddAsync(ADelivery());
        var wanted = await Database.AddAsync(3, ADelivery().Of(run).FailedWith(503, "HTTP 503: "));
        var leased = await Database.AddAsync(ADelivery().Of(run).LeftBy("a worker").FailedWith(503, "HTTP 503: "));
        var other = await Database.AddAsync(ADelivery().Of(run));
        foreach (var status in (DeliveryStatus[])[DeliveryStatus.Succeeded, DeliveryStatus.DeadLetter, DeliveryStatus.Cancelled]) await Database.AddAsync(ADelivery().Of(run).In(status).FailedWith(503, "HTTP 503: "));

        (await acme.PostAsync("deliveries/cancel", """{"status": "pending", "status_code": 503}""")).Is(202).Matches("""{"matched": 4, "cancelled": 4}""");

        foreach (var key in (DeliveryKey[])[.. wanted, leased])
        {
            var row = await Database.DeliveryAsync(key);
            Assert.Equal((DeliveryStatus.Cancelled, null, null), (row.Status, row.LeasedBy, row.WaitingFor));
        }

        foreach (var key in (DeliveryKey[])[other, theirs]) Assert.Equal(DeliveryStatus.Pending, (await Database.DeliveryAsync(key)).Status);
        var recorded = (await acme.GetAsync("audit?action=deliveries.cancelled")).Is(200).At("items/0/details");
        Assert.Equal((4, 4, "503"), (recorded.Number("matched"), recorded.Number("cancelled"), recorded.Text("filter/status_code")));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"status": "dead_letter"}""")]
    [InlineData("""{"workflow_id": 1}""")]
    public async Task Whoever_cancels_many_says_that_pending_ones_are_meant(string body)
    {
        var acme = await Api.NewOrganizationAsync();
        var key = await Database.AddAsync(ADelivery().Of(await Database.AddRunAsync(acme.Id)));

        (await acme.PostAsync("deliveries/cancel", body)).Blames("status");

        Assert.Equal(DeliveryStatus.Pending, (await Database.DeliveryAsync(key)).Status);
    }

    [Fact]
    public async Task Deliveries_are_named_one_by_one_and_only_those_that_are_ones_own_count()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        var keys = await Database.AddAsync(4, ADelivery().Of(run).In(DeliveryStatus.DeadLetter));
        var theirs = await Database.AddAsync(ADelivery().In(DeliveryStatus.DeadLetter));
        var named = new List<Guid> { Guid.CreateVersion7() };
        foreach (var key in (DeliveryKey[])[.. keys.Take(2), theirs]) named.Add((await Database.DeliveryAsync(key)).DeliveryUuid);

        var none = (await acme.PostAsync("deliveries/replay", new { status = "dead_letter", delivery_ids = Array.Empty<Guid>() })).Is(202);
        var two = (await acme.PostAsync("deliveries/replay", new { status = "dead_letter", delivery_ids = named })).Is(202);

        none.Matches("""{"matched": 0, "replayed": 0}""");
        two.Matches("""{"matched": 2, "replayed": 2}""");
        Assert.Equal(
            [DeliveryStatus.Pending, DeliveryStatus.Pending, DeliveryStatus.DeadLetter, DeliveryStatus.DeadLetter],
            (await Database.DeliveriesAsync()).Where(row => row.OrganizationId == acme.Id).Select(row => row.Status));
        Assert.Equal(DeliveryStatus.DeadLetter, (await Database.DeliveryAsync(theirs)).Status);
        (await acme.PostAsync("deliveries/cancel", new { status = "pending", delivery_ids = named })).Is(202).Matches("""{"matched": 2, "cancelled": 2}""");
    }

    [Theory]
    [InlineData("""{"status": "pending", "delivery_ids": ["x"]}""", "delivery_ids")]
    [InlineData("""{"status": "pending", "delivery_ids": "00000000-0000-0000-0000-000000000001"}""", "delivery_ids")]
    [InlineData("""{"status": "pending", "delivery_ids": [null]}""", "delivery_ids")]
    [InlineData("""{"status": "pending", "limit": 0}""", "limit")]
    [InlineData("""{"status": "pending", "limit": 10001}""", "limit")]
    [InlineData("""{"status": "pending", "limit": true}""", "limit")]
    [InlineData("""{"status": "pending", "cursor": "MHwx"}""", "limit")]
    [InlineData("""{"status": "pending", "limit": 1, "cursor": "nonsense"}""", "cursor")]
    public async Task What_makes_no_sense_cancels_nothing(string body, string field)
    {
        var acme = await Api.NewOrganizationAsync();
        var key = await Database.AddAsync(ADelivery().Of(await Database.AddRunAsync(acme.Id)));

        (await acme.PostAsync("deliveries/cancel", body)).Blames(field);

        Assert.Equal(DeliveryStatus.Pending, (await Database.DeliveryAsync(key)).Status);
    }

    [Fact]
    public async Task More_than_a_thousand_are_not_named_one_by_one()
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("deliveries/cancel", new { status = "pending", delivery_ids = Enumerable.Range(0, 1001).Select(_ => Guid.CreateVersion7()) })).Blames("delivery_ids");
    }

    [Theory]
    [InlineData("cancel", "cancelled", "pending", "")]
    [InlineData("replay", "replayed", "dead_letter", "")]
    // One of three, which no index tells.
    [InlineData("cancel", "cancelled", "pending", """, "error": "503" """)]
    [InlineData("replay", "replayed", "dead_letter", """, "cause": "HTTP 503" """)]
    public async Task A_part_at_a_time_all_are_met_once(string call, string done, string status, string filter)
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        var before = status == "pending" ? DeliveryStatus.Pending : DeliveryStatus.DeadLetter;
        for (var i = 0; i < 15; i++) await Database.AddAsync(ADelivery().Of(run).In(before).FailedWith(i % 3 == 0 ? 503 : null, i % 3 == 0 ? "HTTP 503: " : "timeout: x").CreatedAgo(TimeSpan.FromMinutes(i % 4)));
        var wanted = filter.Length == 0 ? 15 : 5;

        var (parts, met, cursor) = (0, 0L, "");
        while (true)
        {
            var part = (await acme.PostAsync($"deliveries/{call}", $$"""{"status": "{{status}}", "limit": 4{{filter}}{{cursor}}}""")).Is(202);
            parts++;
            met += part.Number(done);
            Assert.Equal(part.Number("matched"), part.Number(done));
            Assert.InRange(part.Number("matched"), 0, 4);
            if (!part.TryGetProperty("next_cursor", out var next)) break;
            cursor = $", \"cursor\": {JsonSerializer.Serialize(next.GetString())}";
            // What comes later than the call began is not waited for for ever.
            Assert.InRange(parts, 1, 10);
        }

        Assert.Equal(wanted, met);
        Assert.Equal((wanted + 3) / 4, parts);
        Assert.Equal(wanted, (await Database.DeliveriesAsync()).Count(row => row.OrganizationId == acme.Id && row.Status != before));
    }

    [Fact]
    public async Task Few_among_thousands_are_all_found()
    {
        var acme = await Api.NewOrganizationAsync();
        await Database.AddManyAsync(await Database.AddRunAsync(acme.Id), 30_000, "CASE WHEN n % 5000 = 0 THEN 418 ELSE 503 END");

        (await acme.PostAsync("deliveries/cancel", """{"status": "pending", "status_code": 418}""")).Is(202).Matches("""{"matched": 6, "cancelled": 6}""");
        (await acme.PostAsync("deliveries/cancel", """{"status": "pending", "status_code": 503, "limit": 10000}""")).Is(202);
        Assert.True(await Database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE organization_id = $1 AND status = 'cancelled'", acme.Id) > 6);
    }
}
