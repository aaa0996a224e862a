using System.Globalization;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Organizations;

/// <summary>An organization has what its operator allows it, told so where it wants more, and nobody else is.</summary>
public sealed class QuotasApiTests(ApiFixture fixture, TestServers servers) : ApiTest(fixture)
{
    [Fact]
    public async Task The_operator_sets_what_an_organization_is_allowed_and_it_is_on_record()
    {
        var acme = await Api.NewOrganizationAsync();
        const string None = """{"deliveries_per_minute": 0, "pending_deliveries": 0, "payload_bytes": 0, "webhook_nodes": 0}""";
        (await Api.Admin.GetAsync(Path(acme))).Is(200).Matches(
            $$"""{"deliveries_per_minute": null, "pending_deliveries": null, "payload_bytes": null, "webhook_nodes": null, "effective": {{None}}}""");

        (await Api.Admin.PutAsync(Path(acme), new { deliveries_per_minute = 100, webhook_nodes = 0 })).Is(200);
        (await Api.Admin.PutAsync(Path(acme), new { deliveries_per_minute = 200, payload_bytes = (int?)null })).Is(200);

        (await Api.Admin.GetAsync(Path(acme))).Is(200).Matches(
            """
            {"deliveries_per_minute": 200, "pending_deliveries": null, "payload_bytes": null, "webhook_nodes": null,
             "effective": {"deliveries_per_minute": 200, "pending_deliveries": 0, "payload_bytes": 0, "webhook_nodes": 0}}
            """);
        var events = (await acme.GetAsync("audit?action=quotas.updated")).Is(200).Items();
        Assert.Equal(2, events.Count);
        events[0].At("actor").Matches("""{"kind": "operator", "key_id": null, "key_prefix": null}""");
        Assert.Equal((100, 200), (events[0].Number("details/before/deliveries_per_minute"), events[0].Number("details/after/deliveries_per_minute")));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("2147483648")]
    [InlineData("\"5\"")]
    [InlineData("[]")]
    public async Task A_quota_is_a_whole_number(string value) =>
        (await Api.Admin.PutAsync(Path(await Api.NewOrganizationAsync()), $$"""{"pending_deliveries": {{value}}}""")).Blames("pending_deliveries");

    [Fact]
    public async Task An_organization_that_is_not_there_has_none()
    {
        (await Api.Admin.GetAsync("organizations/999999999/quotas")).IsProblem(404);
        (await Api.Admin.PutAsync("organizations/999999999/quotas", "{}")).IsProblem(404);
    }

    [Fact]
    public async Task More_deliveries_a_minute_than_allowed_are_refused_on_every_way_in_and_nothing_is_stored()
    {
        var (acme, workflow) = await GivenAsync(new { deliveries_per_minute = 2 });
        var started = await acme.StartRunAsync(workflow);
        for (var n = 0; n < 2; n++) await acme.StoreRunAsync(workflow);
        var before = await Database.DumpAsync(acme.Id);

        ApiAnswer[] answers =
        [
            await acme.PostAsync($"workflows/{workflow}/completed-runs", "{}"),
            await acme.PostAsync($"workflows/{workflow}/completed-runs", "{}", idempotencyKey: "k"),
            await acme.PostAsync($"workflow-runs/{started}/complete", "{}"),
        ];

        foreach (var answer in answers)
        {
            var problem = answer.IsProblem(429);
            Assert.Equal(("deliveries_per_minute", 2, 3), (problem.Text("quota"), problem.Number("limit"), problem.Number("use")));
            Assert.InRange(int.Parse(answer.Header("Retry-After")!, CultureInfo.InvariantCulture), 1, 60);
        }

        Assert.Equal(2, await Database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE organization_id = $1", acme.Id));
        Assert.Equal(before, await Database.DumpAsync(acme.Id));
        (await Api.Admin.PutAsync(Path(acme), "{}")).Is(200);
        (await acme.PostAsync($"workflows/{workflow}/completed-runs", "{}", idempotencyKey: "k")).Is(202);
        (await acme.PostAsync($"workflow-runs/{started}/complete", "{}")).Is(202);
    }

    [Fact]
    public async Task In_a_batch_only_those_beyond_the_quota_are_refused_and_their_keys_are_free()
    {
        var (acme, workflow) = await GivenAsync(new { deliveries_per_minute = 2 });
        const string Runs = """{"runs": [{"idempotency_key": "a"}, {"extra": 5}, {"idempotency_key": "b"}, {"idempotency_key": "c"}, {"idempotency_key": "c"}, {}]}""";

        var answer = (await acme.PostAsync($"workflows/{workflow}/completed-runs/batch", Runs)).Is(207);

        Assert.Equal([202, 422, 202, 429, 429, 429], answer.Items().Select(item => item.Number("status")));
        Assert.Equal("deliveries_per_minute", answer.Text("items/3/problem/quota"));
        Assert.InRange(answer.Number("items/3/problem/retry_after"), 1, 60);
        Assert.Equal(2, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs WHERE organization_id = $1", acme.Id));
        (await Api.Admin.PutAsync(Path(acme), "{}")).Is(200);
        Assert.Equal(
            [200, 422, 200, 202, 200, 202], (await acme.PostAsync($"workflows/{workflow}/completed-runs/batch", Runs)).Is(207).Items().Select(item => item.Number("status")));
    }

    // They share a transaction with their neighbours.
    [Fact]
    public async Task Of_runs_that_come_together_only_those_of_the_organization_beyond_its_quota_are_refused()
    {
        var (acme, limited) = await GivenAsync(new { deliveries_per_minute = 5 });
        var (other, free) = await GivenAsync(new { });

        var all = await Task.WhenAll(Enumerable.Range(0, 40).Select(n => n % 2 == 0
            ? acme.PostAsync($"workflows/{limited}/completed-runs", "{}")
            : other.PostAsync($"workflows/{free}/completed-runs", "{}")));

        Assert.All(all.Where((_, n) => n % 2 == 1), answer => Assert.Equal(202, answer.Status));
        Assert.Equal(5, all.Where((_, n) => n % 2 == 0).Count(answer => answer.Status == 202));
        Assert.Equal(15, all.Count(answer => answer.Status == 429));
        Assert.Equal(5, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs WHERE organization_id = $1", acme.Id));
    }

    [Fact]
    public async Task More_pending_deliveries_than_allowed_wait_until_some_have_ended()
    {
        var (acme, workflow) = await GivenAsync(new { pending_deliveries = 1 });
        var first = (await acme.StoreRunAsync(workflow)).Text("deliveries/0/delivery_id");

        var refused = await acme.PostAsync($"workflows/{workflow}/completed-runs", "{}");
        (await acme.PostAsync($"deliveries/{first}/cancel")).Is(202);

        Assert.Equal(("pending_deliveries", 1, 2), (refused.IsProblem(429).Text("quota"), refused.Json.Number("limit"), refused.Json.Number("use")));
        Assert.NotNull(refused.Header("Retry-After"));
        await Eventually.TrueAsync(async () => (await acme.PostAsync($"workflows/{workflow}/completed-runs", "{}")).Status == 202);
    }

    [Fact]
    public async Task A_payload_that_is_too_large_is_refused_and_waiting_is_no_use()
    {
        var (acme, workflow) = await GivenAsync(new { payload_bytes = 100 });
        await acme.StoreRunAsync(workflow);

        var refused = await acme.PostAsync($"workflows/{workflow}/completed-runs", new { gathered_context = new { call_disposition = new string('é', 100) } });

        Assert.Equal(("payload_bytes", 100), (refused.IsProblem(413).Text("quota"), refused.Json.Number("limit")));
        Assert.InRange(refused.Json.Number("use"), 200, 300);
        Assert.Null(refused.Header("Retry-After"));
        Assert.Equal(1, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs WHERE organization_id = $1", acme.Id));
    }

    [Fact]
    public async Task A_workflow_of_more_webhook_nodes_than_allowed_is_not_saved()
    {
        var (acme, workflow) = await GivenAsync(new { webhook_nodes = 1 });

        (await acme.PostAsync("workflows", Workflow(Webhook("a"), Webhook("b")))).Blames("/workflow_definition/nodes");
        (await acme.PutAsync($"workflows/{workflow}", Workflow(Webhook("a"), Webhook("b")))).Blames("/workflow_definition/nodes");
        (await acme.PutAsync($"workflows/{workflow}", Workflow(Webhook("a"), Raw("""{"type": "start"}""")))).Is(200);
    }

    [Fact]
    public async Task The_settings_hold_for_whoever_has_nothing_of_its_own()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Quotas:DeliveriesPerMinute", 1));
        var acme = await api.NewOrganizationAsync();
        var favoured = await api.NewOrganizationAsync();
        (await api.Admin.PutAsync(Path(favoured), new { deliveries_per_minute = 0 })).Is(200);
        foreach (var organization in (ApiOrganization[])[acme, favoured])
        {
            var workflow = await organization.AddWorkflowAsync(Webhook());
            await organization.StoreRunAsync(workflow);
            Assert.Equal(organization == acme ? 429 : 202, (await organization.PostAsync($"workflows/{workflow}/completed-runs", "{}")).Status);
        }
    }

    [Fact]
    public async Task An_organization_sees_what_it_is_allowed_and_how_much_of_it_is_used()
    {
        var (acme, workflow) = await GivenAsync(new { deliveries_per_minute = 5, pending_deliveries = 2, payload_bytes = 1000 });
        var (free, _) = await GivenAsync(new { });
        await acme.StoreRunAsync(workflow);
        await Database.ListDeliveriesAsync();

        var own = (await acme.GetAsync("quotas")).Is(200);

        own.Matches(
            """
            {"deliveries_per_minute": {"limit": 5, "used": 1}, "pending_deliveries": {"limit": 2, "used": 1}, "payload_bytes": {"limit": 1000, "used": null}, "webhook_nodes": {"limit": null, "used": null}}
            """);
        (await free.GetAsync("quotas")).Is(200).At("pending_deliveries").Matches("""{"limit": null, "used": null}""");
    }

    private static string Path(ApiOrganization organization) => $"organizations/{organization.Id}/quotas";

    private async Task<(ApiOrganization Organization, long Workflow)> GivenAsync(object quotas)
    {
        var organization = await Api.NewOrganizationAsync();
        (await Api.Admin.PutAsync(Path(organization), quotas)).Is(200);
        return (organization, await organization.AddWorkflowAsync(Webhook()));
    }
}
