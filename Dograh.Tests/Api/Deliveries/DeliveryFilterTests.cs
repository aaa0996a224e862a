using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Api.Deliveries;

public sealed class DeliveryFilterTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task Every_filter_narrows_alone_and_with_every_other()
    {
        var acme = await Api.NewOrganizationAsync();
        var rows = await AddManyAsync(acme);
        var wanted = rows[0];
        var filters = new (string Query, Func<Row, bool> Matches)[]
        {
            ("status=dead_letter", row => row.Status == DeliveryStatus.DeadLetter),
            ($"workflow_run_id={wanted.Run.Id}", row => row.Run.Id == wanted.Run.Id),
            ($"workflow_id={wanted.Run.WorkflowId}", row => row.Run.WorkflowId == wanted.Run.WorkflowId),
            ("webhook_node_id=node a%2F%26", row => row.Node == "node a/&"),
            ("endpoint_host=one.example", row => row.Host == "one.example"),
            ("created_after=2026-03-01T00:00:00Z", row => row.Day >= 1),
            ("created_before=2026-03-03T00:00:00Z", row => row.Day < 3),
            ("status_code=none", row => row.StatusCode is null),
            ("error=CONNECTION%3A", row => row.Error.Contains("connection:", StringComparison.Ordinal)),
            ($"delivery_ids={string.Join(',', rows.Where((_, i) => i % 2 == 0).Select(row => row.Id))}", row => rows.IndexOf(row) % 2 == 0),
            ("cause=connection refused", row => row.Error == "connection: Connection refused"),
        };

        for (var chosen = 0; chosen < 1 << filters.Length; chosen++)
        {
            var used = filters.Where((_, i) => (chosen & (1 << i)) != 0).ToList();
            var found = (await acme.GetAsync($"deliveries?limit=200&{string.Join('&', used.Select(filter => filter.Query))}")).Is(200).Texts("items", "id");
            var expected = rows.Where(row => used.TrueForAll(filter => filter.Matches(row))).Select(row => row.Id);
            Assert.Equal(expected.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
            Assert.Contains(wanted.Id, found);
        }
    }

    [Fact]
    public async Task A_bulk_replay_takes_the_same_filters()
    {
        var acme = await Api.NewOrganizationAsync();
        var rows = await AddManyAsync(acme);
        var wanted = rows[0];
        var expected = rows.Where(row => row.Status == DeliveryStatus.DeadLetter && row.Run.WorkflowId == wanted.Run.WorkflowId && row.Host == "one.example" && row.Day is >= 1 and < 3).ToList();
        Assert.NotEmpty(expected);

        var answer = (await acme.PostAsync(
            "deliveries/replay",
            $$"""
            {"status": "dead_letter", "workflow_id": {{wanted.Run.WorkflowId}}, "endpoint_host": "ONE.example", "workflow_run_id": null,
             "created_after": "2026-03-01T00:00:00Z", "created_before": "2026-03-03T00:00:00Z"}
            """)).Is(202);

        answer.Matches($$"""{"matched": {{expected.Count}}, "replayed": {{expected.Count}} }""");
        var pending = (await acme.GetAsync("deliveries?limit=200&status=pending")).Is(200).Texts("items", "id");
        Assert.Equal(
            rows.Where(row => row.Status == DeliveryStatus.Pending).Concat(expected).Select(row => row.Id).Order(StringComparer.Ordinal),
            pending.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Created_after_is_inclusive_and_created_before_exclusive_to_the_microsecond()
    {
        var acme = await Api.NewOrganizationAsync();
        await Database.AddAsync(ADelivery().Of(await Database.AddRunAsync(acme.Id)));
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET created_at = '2026-03-01T12:00:00.123456Z' WHERE organization_id = $1", acme.Id);
        await Database.ListDeliveriesAsync();

        Assert.Equal(1, await CountAsync("created_after=2026-03-01T12:00:00.123456Z"));
        Assert.Equal(0, await CountAsync("created_after=2026-03-01T12:00:00.123457Z"));
        Assert.Equal(0, await CountAsync("created_before=2026-03-01T12:00:00.123456Z"));
        Assert.Equal(1, await CountAsync("created_before=2026-03-01T12:00:00.123457Z"));
        Assert.Equal(1, await CountAsync("created_after=2026-03-01T14:00:00.123456%2B02:00"));
        Assert.Equal(0, await CountAsync("created_before=2026-03-01T14:00:00.123456%2B02:00"));
        Assert.Equal(1, await CountAsync("created_after=2026-03-01&created_before=2026-03-02"));

        async Task<int> CountAsync(string query) => (await acme.GetAsync($"deliveries?{query}")).Is(200).Items().Count;
    }

    [Theory]
    [InlineData("https://CRM.Example:8443/hook?x=http://other.example", "crm.example")]
    [InlineData("https://crm.example/hook", "CRM.EXAMPLE")]
    [InlineData("https://127.0.0.1:8443/", "127.0.0.1")]
    [InlineData("https://[::1]:8443/", "::1")]
    public async Task A_host_is_found_without_its_port_in_any_case(string url, string host)
    {
        var acme = await Api.NewOrganizationAsync();
        var delivery = await acme.AddDeliveryAsync(("endpoint_url", url));
        await acme.AddDeliveryAsync(("endpoint_url", "https://other.example/"));

        Assert.Equal([delivery.ToString()], (await acme.GetAsync($"deliveries?endpoint_host={host}")).Is(200).Texts("items", "id"));
    }

    [Theory]
    [InlineData("status_code=401", 1)]
    [InlineData("status_code=0401", 1)]
    [InlineData("status_code=40", 0)]
    [InlineData("error=50%25", 1)]
    [InlineData("error=5_%25", 0)]
    [InlineData("error=A%5CB", 1)]
    [InlineData("error=a%5Cb c", 1)]
    [InlineData("error=%25", 1)]
    [InlineData("cause=HTTP 401", 1)]
    [InlineData("cause=HTTP", 0)]
    [InlineData("cause=timeout", 0)]
    public async Task An_error_is_looked_for_as_it_is_written(string query, int found)
    {
        var acme = await Api.NewOrganizationAsync();
        await Database.AddAsync(ADelivery().Of(await Database.AddRunAsync(acme.Id)).FailedWith(401, @"HTTP 401: 50% of a\b C"));

        Assert.Equal(found, (await acme.GetAsync($"deliveries?{query}")).Is(200).Items().Count);
    }

    [Theory]
    [InlineData("status_code=x", "status_code")]
    [InlineData("status_code=-1", "status_code")]
    [InlineData("status_code=None", "status_code")]
    [InlineData("error=%00", "error")]
    [InlineData("delivery_ids=x", "delivery_ids")]
    [InlineData("delivery_ids=,", "delivery_ids")]
    [InlineData("cause=%00", "cause")]
    public async Task A_filter_that_makes_no_sense_is_blamed(string query, string field)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.GetAsync($"deliveries?{query}")).Blames(field);
        (await acme.GetAsync($"deliveries/count?{query}")).Blames(field);
        (await acme.GetAsync($"deliveries/export?format=csv&{query}")).Blames(field);
    }

    [Fact]
    public async Task A_filtered_list_pages_like_the_whole_one()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        await Database.AddAsync(5, ADelivery().Of(run).In(DeliveryStatus.Cancelled));
        await Database.AddAsync(5, ADelivery().Of(run).In(DeliveryStatus.DeadLetter));

        var first = (await acme.GetAsync("deliveries?status=cancelled&limit=3")).Is(200);
        var second = (await acme.GetAsync($"deliveries?status=cancelled&limit=3&cursor={first.Text("next_cursor")}")).Is(200);

        Assert.Equal(5, first.Texts("items", "id").Concat(second.Texts("items", "id")).Distinct().Count());
        Assert.All(first.Items().Concat(second.Items()), item => Assert.Equal("cancelled", item.Text("status")));
        Assert.True(second.IsNull("next_cursor"));
    }

    [Fact]
    public async Task Every_state_is_a_filter()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        foreach (var status in Enum.GetValues<DeliveryStatus>()) await Database.AddAsync(ADelivery().Of(run).In(status));

        foreach (var status in (string[])["pending", "succeeded", "dead_letter", "cancelled"])
        {
            Assert.Equal(status, Assert.Single((await acme.GetAsync($"deliveries?status={status}")).Is(200).Items()).Text("status"));
        }
    }

    // Rows that differ in each field that can be asked for, in many combinations.
    private async Task<List<Row>> AddManyAsync(ApiOrganization organization)
    {
        var workflows = new[] { await Database.AddWorkflowAsync(organization.Id), await Database.AddWorkflowAsync(organization.Id) };
        var rows = new List<Row>();
        var random = new Random(1);
        for (var i = 0; i < 40; i++)
        {
            var first = i == 0;
            var run = i % 5 == 4 ? rows[^4].Run : await Database.AddRunAsync(organization.Id, workflows[first ? 0 : random.Next(2)]);
            var node = first || (i % 5 != 4 && random.Next(2) == 0) ? "node a/&" : $"node {i}";
            var host = first || random.Next(2) == 0 ? "one.example" : "two.example";
            var status = first ? DeliveryStatus.DeadLetter : (DeliveryStatus)random.Next(4);
            var day = first ? 1 : random.Next(5);
            var (code, error) = first ? Failures[0] : Failures[random.Next(Failures.Length)];
            var key = await Database.AddAsync(ADelivery().Of(run).FromNode(node).To(new Uri($"https://{host}:8443/x")).In(status).FailedWith(code, error));
            await Database.ExecuteAsync(
                "UPDATE webhook_deliveries SET created_at = '2026-02-28T00:00:00Z'::timestamptz + $3 WHERE organization_id = $1 AND id = $2",
                key.OrganizationId, key.Id, TimeSpan.FromDays(day));
            var id = await Database.ScalarAsync<Guid>("SELECT delivery_uuid FROM webhook_deliveries WHERE organization_id = $1 AND id = $2", key.OrganizationId, key.Id);
            rows.Add(new Row(id.ToString(), run, node, host, status, day, code, error));
        }

        await Database.ListDeliveriesAsync();
        return rows;
    }

    private static readonly (int? Code, string Error)[] Failures =
        [(null, "connection: Connection refused"), (null, "connection: No route to host"), (null, "timeout: no response within 10 s"), (401, "HTTP 401: no"), (503, "HTTP 503: connection: Connection refused")];

    private sealed record Row(string Id, ARun Run, string Node, string Host, DeliveryStatus Status, int Day, int? StatusCode, string Error);
}
