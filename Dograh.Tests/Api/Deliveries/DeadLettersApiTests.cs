using System.Globalization;
using System.Text.Json;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Api.Deliveries;

public sealed class DeadLettersApiTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task Dead_letters_are_grouped_by_receiver_and_cause_the_largest_first()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        var dead = ADelivery().Of(run).In(DeliveryStatus.DeadLetter);
        await Database.AddAsync(3, dead.To(new Uri("https://crm.example/")).FailedWith(401, "HTTP 401: no"));
        await Database.AddAsync(2, dead.To(new Uri("https://erp.example/")).FailedWith(401, "HTTP 401: no"));
        await Database.AddAsync(dead.To(new Uri("https://crm.example/")).FailedWith(500, "HTTP 500: oh"));
        await Database.AddAsync(dead.To(new Uri("https://crm.example/")).FailedWith(null, "timeout: no response within 30 s"));
        await Database.AddAsync(dead.To(new Uri("https://crm.example/")).FailedWith(null, "timeout: no response within 10 s"));
        await Database.AddAsync(5, ADelivery().Of(run).To(new Uri("https://crm.example/")).FailedWith(401, "HTTP 401: no"));
        await Database.AddAsync(ADelivery().In(DeliveryStatus.DeadLetter).To(new Uri("https://crm.example/")).FailedWith(401, "HTTP 401: another's"));
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET created_at = '2026-03-01T09:12:00Z'::timestamptz + id * interval '1 second' WHERE organization_id = $1", acme.Id);

        var answer = (await acme.GetAsync("dead-letters")).Is(200);

        Assert.True(answer.At("is_complete").GetBoolean());
        Assert.Equal(
            [("crm.example", "HTTP 401", 3), ("crm.example", "timeout", 2), ("erp.example", "HTTP 401", 2), ("crm.example", "HTTP 500", 1)],
            answer.Items().Select(group => (group.Text("endpoint_host"), group.Text("cause"), (int)group.Number("count"))));
        var rows = (await Database.DeliveriesAsync()).Where(row => row.OrganizationId == acme.Id && row is { Status: DeliveryStatus.DeadLetter, LastStatusCode: 401, EndpointHost: "crm.example" }).ToList();
        answer.Items()[0].Matches(
            $$"""
            {"endpoint_host": "crm.example", "cause": "HTTP 401", "status_code": 401, "count": 3, "is_exact": true, "first_at": "{{TextOf(rows.Min(row => row.CreatedAt))}}",
             "last_at": "{{TextOf(rows.Max(row => row.CreatedAt))}}", "last_error": "HTTP 401: no", "filters": {"status": "dead_letter", "endpoint_host": "crm.example", "cause": "HTTP 401"} }
            """);
        Assert.Equal(("timeout: no response within 30 s", JsonValueKind.Null), (answer.Items()[1].Text("last_error"), answer.Items()[1].At("status_code").ValueKind));
    }

    [Fact]
    public async Task A_groups_filters_are_those_of_the_list_and_of_the_replay()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        (int?, string?)[] failures =
        [
            (401, "HTTP 401: no"), (401, null), (503, "timeout: not this"), (null, null), (null, "timeout: no response within 30 s"), (null, "timeout: within 1 s"), (null, "timeout"),
            (null, "connection: Connection refused"), (null, "connection: No route to host"), (null, "DNS: Name or service not known"), (null, "invalid response: a"), (null, "invalid response: b"),
            (null, "response ended: a"), (null, "response ended: b"), (null, "expired: still deferred"), (null, "credential 0190 not found"), (null, new string('ü', 150)), (null, new string('ü', 100) + "2"),
            (null, "100% 'quoted' \\ _"), (null, "HTTP 401: though without a code"), (null, ""),
        ];
        foreach (var (code, error) in failures)
        {
            foreach (var host in (string[])["crm.example", "erp.example"])
            {
                var key = await Database.AddAsync(ADelivery().Of(run).In(DeliveryStatus.DeadLetter).To(new Uri($"https://{host}/")).FailedWith(code, "x"));
                await Database.ExecuteAsync("UPDATE webhook_deliveries SET last_error = $3 WHERE organization_id = $1 AND id = $2", key.OrganizationId, key.Id, new Npgsql.NpgsqlParameter { Value = (object?)error ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
            }
        }

        var groups = (await acme.GetAsync("dead-letters")).Is(200).Items();

        Assert.Equal(2 * failures.Length, groups.Sum(group => group.Number("count")));
        Assert.Equal(2 * 15, groups.Count);
        foreach (var group in groups)
        {
            var filters = group.At("filters");
            var query = string.Join('&', filters.EnumerateObject().Select(filter => $"{filter.Name}={Uri.EscapeDataString(filter.Value.GetString()!)}"));
            // An empty text in a query is none, and in a body one that is looked for.
            if (group.Text("cause").Length > 0) Assert.Equal(group.Number("count"), (await acme.GetAsync($"deliveries?{query}")).Is(200).Items().Count);
            Assert.Equal(group.Number("count"), (await acme.PostAsync("deliveries/replay", filters.GetRawText())).Is(202).Number("replayed"));
        }

        Assert.Empty((await acme.GetAsync("dead-letters")).Is(200).Items());
    }

    [Fact]
    public async Task Tens_of_thousands_are_counted_and_those_without_an_answer_looked_into_as_far_as_a_bound()
    {
        var acme = await Api.NewOrganizationAsync();
        await Database.AddManyAsync(await Database.AddRunAsync(acme.Id), 120_000, "CASE WHEN n % 2 = 0 THEN 503 END", "dead_letter", "'timeout: no response within 30 s'");

        var answer = (await acme.GetAsync("dead-letters")).Is(200);

        Assert.False(answer.At("is_complete").GetBoolean());
        Assert.Equal(
            [("HTTP 503", 60_000, true), ("timeout", 50_000, false)],
            answer.Items().Select(group => (group.Text("cause"), (int)group.Number("count"), group.At("is_exact").GetBoolean())));
    }

    private static string TextOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
