using Dograh.Tests.Api.Workflows;
using Dograh.Webhooks.Auditing;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Auditing;

/// <summary>What is done to keys, secrets, workflows and deliveries is on record, with who did it, and stays there.</summary>
public sealed class AuditApiTests(ApiFixture fixture) : ApiTest(fixture)
{
    private static readonly string[] Actions =
        [.. typeof(AuditAction).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!)];

    [Fact]
    public async Task Everything_that_is_done_is_on_record_once_with_its_resource()
    {
        var acme = await Api.NewOrganizationAsync("Recorded");
        var done = new List<(string Action, string? Resource)> { (AuditAction.OrganizationCreated, $"{acme.Id}") };

        var key = (await acme.PostAsync("api-keys", new { name = "second", scopes = (string[])["runs:read"] })).Is(201).Text("id");
        done.Add((AuditAction.ApiKeyCreated, key));
        await acme.DeleteAsync($"api-keys/{key}");
        done.Add((AuditAction.ApiKeyDeleted, key));
        var credential = (await acme.PostAsync("credentials", new { name = "CRM", credential_type = "bearer_token", credential_data = new { token = "a-token" } })).Is(201).Text("uuid");
        done.Add((AuditAction.CredentialCreated, credential));
        (await acme.PutAsync($"credentials/{credential}", new { description = "ours", credential_data = new { token = "another-token" } })).Is(200);
        done.Add((AuditAction.CredentialUpdated, credential));
        await acme.DeleteAsync($"credentials/{credential}");
        done.Add((AuditAction.CredentialDeleted, credential));
        var secret = (await acme.PostAsync("signing-secrets")).Is(201).Text("id");
        done.Add((AuditAction.SigningSecretCreated, secret));
        var revealed = (await acme.GetAsync($"signing-secrets/{secret}/secret")).Is(200).Text("secret");
        done.Add((AuditAction.SigningSecretRevealed, secret));
        done.Add((AuditAction.SigningSecretRotated, (await acme.PostAsync("signing-secrets/rotate")).Is(201).Text("id")));
        (await acme.PostAsync($"signing-secrets/{secret}/expire")).Is(200);
        done.Add((AuditAction.SigningSecretExpired, secret));
        var workflow = await acme.AddWorkflowAsync(Webhook());
        done.Add((AuditAction.WorkflowCreated, $"{workflow}"));
        (await acme.PutAsync($"workflows/{workflow}", Workflow(Webhook()))).Is(200);
        done.Add((AuditAction.WorkflowUpdated, $"{workflow}"));
        var delivery = (await acme.StoreRunAsync(workflow)).Text("deliveries/0/delivery_id");
        (await acme.PostAsync($"deliveries/{delivery}/cancel")).Is(202);
        done.Add((AuditAction.DeliveryCancelled, delivery));
        (await acme.PostAsync($"deliveries/{delivery}/replay")).Is(202);
        done.Add((AuditAction.DeliveryReplayed, delivery));
        (await acme.PostAsync("deliveries/replay", new { status = "cancelled", workflow_id = workflow })).Is(202);
        done.Add((AuditAction.DeliveriesReplayed, null));
        (await acme.PostAsync("deliveries/cancel", new { status = "pending", workflow_id = workflow })).Is(202);
        done.Add((AuditAction.DeliveriesCancelled, null));

        var bin = (await acme.PostAsync("bins", new { name = "mine" })).Is(201).Text("id");
        done.Add((AuditAction.BinCreated, bin));
        (await acme.PutAsync($"bins/{bin}", new { fail_times = 2 })).Is(200);
        done.Add((AuditAction.BinUpdated, bin));
        await acme.DeleteAsync($"bins/{bin}/requests");
        done.Add((AuditAction.BinCleared, bin));
        await acme.DeleteAsync($"bins/{bin}");
        done.Add((AuditAction.BinDeleted, bin));

        var log = await acme.GetAsync("audit?limit=200");
        Assert.Equal(done, log.Is(200).Items().Reverse().Select(e => (e.Text("action"), e.At("resource_id").GetString())));
        Assert.Empty(Actions.Except(done.Select(e => e.Action)).Except([AuditAction.QuotasUpdated, AuditAction.CredentialTested, AuditAction.WorkflowTested]));
        Assert.All(log.Json.Items(), e => Assert.Equal(e.Text("action").Split('.')[0], e.Text("resource_type")));
        foreach (var told in (string[])["a-token", "another-token", revealed, acme.Key]) Assert.DoesNotContain(told, log.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_says_who_from_where_and_in_which_request()
    {
        var acme = await Api.NewOrganizationAsync("Told");
        var created = (await acme.PostAsync("api-keys", new { name = "deployment" })).Is(201);
        var deployment = Api.WithKey(created.Text("api_key"));
        const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        await deployment.SendAsync(
            HttpMethod.Post, "credentials", ApiCaller.Json(new { name = "CRM", credential_type = "none" }), ("traceparent", $"00-{Trace}-00f067aa0ba902b7-01"));

        var events = (await acme.GetAsync("audit")).Is(200).Items();

        Assert.Equal(["id", "created_at", "action", "actor", "resource_type", "resource_id", "client_address", "trace_id", "details"], events[0].Names());
        events[0].At("actor").Matches($$"""{"kind": "api_key", "key_id": "{{created.Text("id")}}", "key_prefix": "{{created.Text("prefix")}}"}""");
        events[0].At("details").Matches("""{"name": "CRM", "credential_type": "none"}""");
        Assert.Equal(("127.0.0.1", Trace), (events[0].Text("client_address"), events[0].Text("trace_id")));
        Assert.Equal(created.Time("created_at"), events[1].Time("created_at"));
        events[^1].At("actor").Matches("""{"kind": "operator", "key_id": null, "key_prefix": null}""");
    }

    [Fact]
    public async Task What_was_refused_is_not_on_record()
    {
        var acme = await Api.NewOrganizationAsync();
        var before = await CountAsync(acme);
        var delivery = await acme.AddDeliveryAsync();
        var secret = (await acme.GetAsync("signing-secrets")).Is(200).Text("items/0/id");

        (await acme.PostAsync($"deliveries/{delivery}/replay")).IsProblem(409);
        (await acme.DeleteAsync($"credentials/{Guid.NewGuid()}")).IsProblem(404);
        (await acme.DeleteAsync($"api-keys/{Guid.NewGuid()}")).IsProblem(404);
        (await acme.PostAsync("credentials", new { name = "x" })).IsProblem(422);
        (await acme.PostAsync($"signing-secrets/{secret}/expire")).IsProblem(409);
        (await acme.PutAsync("workflows/999999", Workflow(Webhook()))).IsProblem(404);

        // The workflow of the delivery.
        Assert.Equal(before + 1, await CountAsync(acme));
    }

    [Fact]
    public async Task What_is_answered_again_under_an_idempotency_key_is_on_record_once()
    {
        var acme = await Api.NewOrganizationAsync();
        for (var n = 0; n < 3; n++) (await acme.PostAsync("credentials", new { name = "x", credential_type = "none" }, idempotencyKey: "k")).Is(201);

        Assert.Single((await acme.GetAsync("audit?action=credential.created")).Is(200).Items());
    }

    // A change that cannot be put on record is not made, and a secret is not shown.
    [Fact]
    public async Task What_cannot_be_put_on_record_does_not_happen()
    {
        var acme = await Api.NewOrganizationAsync();
        var secret = (await acme.GetAsync("signing-secrets")).Is(200).Text("items/0/id");
        await Database.ExecuteAsync($"ALTER TABLE audit_events ADD CONSTRAINT none_of_this CHECK (organization_id <> {acme.Id}) NOT VALID");
        try
        {
            (await acme.PostAsync("credentials", new { name = "x", credential_type = "none" })).IsProblem(500);
            var revealed = await acme.GetAsync($"signing-secrets/{secret}/secret");
            revealed.IsProblem(500);
            Assert.DoesNotContain("whsec_", revealed.Body, StringComparison.Ordinal);
        }
        finally
        {
            await Database.ExecuteAsync("ALTER TABLE audit_events DROP CONSTRAINT none_of_this");
        }

        Assert.Empty((await acme.GetAsync("credentials")).Is(200).Items());
    }

    [Fact]
    public async Task Filters_find_what_they_name()
    {
        var acme = await Api.NewOrganizationAsync();
        var other = (await acme.PostAsync("api-keys", new { name = "other" })).Is(201);
        var credential = (await acme.PostAsync("credentials", new { name = "x", credential_type = "none" })).Is(201).Text("uuid");
        await Api.WithKey(other.Text("api_key")).DeleteAsync($"credentials/{credential}");
        var all = (await acme.GetAsync("audit")).Is(200).Items();
        var middle = Uri.EscapeDataString(all[1].Text("created_at"));

        await FindsAsync("action=credential.deleted", 0);
        await FindsAsync($"resource_id={credential}", 0, 1);
        await FindsAsync("actor=operator", 3);
        await FindsAsync($"actor={other.Text("id")}", 0);
        await FindsAsync($"created_after={middle}", 0, 1);
        await FindsAsync($"created_before={middle}", 2, 3);
        await FindsAsync("action=api_key.created&actor=operator");

        async Task FindsAsync(string filter, params int[] which) => Assert.Equal(
            which.Select(n => all[n].Text("id")), (await acme.GetAsync($"audit?{filter}")).Is(200).Texts("items", "id"));
    }

    [Theory]
    [InlineData("action=a%00b", "action")]
    [InlineData("resource_id=%00", "resource_id")]
    [InlineData("actor=somebody", "actor")]
    [InlineData("actor=%00", "actor")]
    [InlineData("created_after=then", "created_after")]
    [InlineData("created_before=2026-02-30", "created_before")]
    [InlineData("limit=0", "limit")]
    [InlineData("cursor=x", "cursor")]
    public async Task A_filter_that_is_not_as_it_must_be_is_named(string query, string field) =>
        (await (await Api.NewOrganizationAsync()).GetAsync($"audit?{query}")).Blames(field);

    [Fact]
    public async Task Pages_show_each_event_once_newest_first()
    {
        var acme = await Api.NewOrganizationAsync();
        for (var n = 0; n < 6; n++) (await acme.PostAsync("credentials", new { name = $"{n}", credential_type = "none" })).Is(201);
        var whole = (await acme.GetAsync("audit")).Is(200).Texts("items", "id");

        var paged = new List<string>();
        var cursor = "";
        do
        {
            var page = (await acme.GetAsync($"audit?limit=2&cursor={cursor}")).Is(200);
            paged.AddRange(page.Texts("items", "id"));
            cursor = page.At("next_cursor").GetString();
        }
        while (cursor is not null);

        Assert.Equal(7, whole.Count);
        Assert.Equal(whole, paged);
    }

    private async Task<long> CountAsync(ApiOrganization organization) =>
        await Database.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE organization_id = $1", organization.Id);
}
