using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Queue;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Api.Deliveries;

public sealed class DeliveriesApiTests(ApiFixture fixture) : ApiTest(fixture)
{
    private static readonly string[] Fields =
    [
        "id", "workflow_run_id", "workflow_id", "webhook_node_id", "webhook_name", "endpoint_url", "http_method", "status", "attempt_count", "max_attempts",
        "scheduled_for", "last_status_code", "last_error", "credential_uuid", "trace_id", "created_at", "updated_at", "delivered_at", "waiting_for",
    ];

    [Fact]
    public async Task What_is_stored_is_listed_once_as_it_is()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(GivenWorkflows.Webhook());
        for (var i = 0; i < 3; i++) await acme.StoreRunAsync(workflow);

        Assert.Equal(3, await Database.ScalarAsync<long>("SELECT count(*) FROM webhook_delivery_listings WHERE organization_id = $1", acme.Id));
        Assert.Equal(3, await Database.ScalarAsync<long>(
            """
            SELECT count(*)
            FROM webhook_delivery_listings
            JOIN webhook_deliveries USING (organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host)
            WHERE organization_id = $1
            """,
            acme.Id));
    }

    [Fact]
    public async Task The_list_shows_everything_but_payloads_headers_and_attempts()
    {
        var acme = await Api.NewOrganizationAsync();
        var delivery = await acme.AddDeliveryAsync(("http_method", "PUT"));

        var item = Assert.Single((await acme.GetAsync("deliveries")).Is(200).Items());

        Assert.Equal(Fields, item.Names());
        Assert.Equal(
            (delivery, "hook", "Webhook hook", GivenWorkflows.Url, "PUT", "pending", 0, 5),
            (item.Uuid("id"), item.Text("webhook_node_id"), item.Text("webhook_name"), item.Text("endpoint_url"), item.Text("http_method"), item.Text("status"),
                item.Number("attempt_count"), item.Number("max_attempts")));
        Assert.All((string[])["last_status_code", "last_error", "credential_uuid", "delivered_at"], field => Assert.True(item.IsNull(field)));
        Assert.Matches("^[0-9a-f]{32}$", item.Text("trace_id"));
    }

    [Fact]
    public async Task A_delivery_whose_payload_was_removed_is_shown_without_it_and_cannot_be_replayed()
    {
        var acme = await Api.NewOrganizationAsync();
        var removed = await AddAsync(acme, ADelivery().In(DeliveryStatus.Succeeded));
        var kept = await AddAsync(acme, ADelivery().In(DeliveryStatus.Succeeded));
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET payload = NULL WHERE organization_id = $1 AND id = $2", acme.Id, removed.Id);
        var uuid = (await Database.DeliveryAsync(removed)).DeliveryUuid;

        Assert.True((await GetAsync(acme, removed)).Is(200).IsNull("payload"));
        var problem = (await acme.PostAsync($"deliveries/{uuid}/replay")).IsProblem(409);
        Assert.Contains("payload has been removed", problem.Text("detail"), StringComparison.Ordinal);
        (await acme.PostAsync("deliveries/replay", new { status = "succeeded" })).Is(202).Matches("""{"matched":2,"replayed":1}""");
        Assert.Equal(
            (DeliveryStatus.Succeeded, DeliveryStatus.Pending), ((await Database.DeliveryAsync(removed)).Status, (await Database.DeliveryAsync(kept)).Status));
    }

    [Fact]
    public async Task A_delivery_shows_its_payload_its_headers_and_every_attempt()
    {
        var acme = await Api.NewOrganizationAsync();
        var key = await AddAsync(acme, ADelivery().WithPayload("""{"b":1.0,"a":"ü"}""").WithHeaders(("X-A", "v")).WithAttempts(2));
        await Database.ExecuteAsync(
            """
            UPDATE webhook_delivery_attempts SET status_code = NULL, error = 'timeout', response_headers = '{"Server":"x"}', response_body = '<html>', trace_id = 'abc', duration_ms = 1.23456
            WHERE organization_id = $1 AND number = 2
            """,
            acme.Id);

        var shown = (await GetAsync(acme, key)).Is(200);

        Assert.Equal([.. Fields, "payload", "custom_headers", "attempts"], shown.Names().Order(Comparer<string>.Create((a, b) => Position(a) - Position(b))));
        shown.At("payload").Matches("""{"b":1.0,"a":"ü"}""");
        shown.At("custom_headers").Matches("""[{"key":"X-A","value":"v"}]""");
        shown.At("attempts").Matches(
            $$"""
            [{"number": 1, "started_at": "{{shown.Text("attempts/0/started_at")}}", "duration_ms": 12.5, "status_code": 503, "error": "HTTP 503: ",
              "response_headers": null, "response_body": null, "trace_id": null, "worker": "worker-of-old"},
             {"number": 2, "started_at": "{{shown.Text("attempts/1/started_at")}}", "duration_ms": 1.235, "status_code": null, "error": "timeout",
              "response_headers": {"Server":"x"}, "response_body": "<html>", "trace_id": "abc", "worker": "worker-of-old"}]
            """);

        static int Position(string field) => Array.IndexOf([.. Fields, "payload", "custom_headers", "attempts"], field);
    }

    [Fact]
    public async Task A_delivery_waits_for_what_it_waits_for()
    {
        var acme = await Api.NewOrganizationAsync();
        var later = ADelivery().DueIn(TimeSpan.FromHours(1));

        await WaitsAsync(ADelivery().Due(), null, "worker", until: false);
        await WaitsAsync(ADelivery().Due().WithAttempts(1), null, "worker", until: false);
        await WaitsAsync(ADelivery().Due(), "circuit", "worker", until: false);
        await WaitsAsync(later.LeftBy("a worker"), null, "worker", until: true);
        await WaitsAsync(later, null, "schedule", until: true);
        await WaitsAsync(later.WithAttempts(1), null, "retry", until: true);
        await WaitsAsync(later, "circuit", "circuit", until: true);
        await WaitsAsync(later.WithAttempts(1), "concurrency", "concurrency", until: true);
        await WaitsAsync(later, "throttled", "throttled", until: true);
        foreach (var status in (DeliveryStatus[])[DeliveryStatus.Succeeded, DeliveryStatus.DeadLetter, DeliveryStatus.Cancelled])
        {
            Assert.True((await GetAsync(acme, await AddAsync(acme, later.In(status)))).Is(200).IsNull("waiting_for"));
        }

        async Task WaitsAsync(DeliveryBuilder delivery, string? column, string reason, bool until)
        {
            var key = await AddAsync(acme, delivery);
            if (column is not null) await Database.ExecuteAsync("UPDATE webhook_deliveries SET waiting_for = $1 WHERE organization_id = $2 AND id = $3", column, key.OrganizationId, key.Id);
            var shown = (await GetAsync(acme, key)).Is(200);
            Assert.Equal(["reason", "until"], shown.At("waiting_for").Names());
            Assert.Equal((reason, until ? shown.Text("scheduled_for") : null), (shown.Text("waiting_for/reason"), shown.Text("waiting_for/until")));
            var listed = (await acme.GetAsync($"deliveries?webhook_node_id={shown.Text("webhook_node_id")}")).Is(200);
            Assert.Equal(shown.At("waiting_for").ToString(), listed.At("items/0/waiting_for").ToString());
        }
    }

    [Theory]
    [InlineData(DeliveryStatus.DeadLetter)]
    [InlineData(DeliveryStatus.Succeeded)]
    [InlineData(DeliveryStatus.Cancelled)]
    public async Task A_replay_gives_a_fresh_set_of_attempts_under_the_same_id_and_payload(DeliveryStatus status)
    {
        var acme = await Api.NewOrganizationAsync();
        var key = await AddAsync(acme, ADelivery().In(status).WithAttempts(3).AtMost(3).WithPayload("""{"b":1.0}"""));
        var before = (await GetAsync(acme, key)).Is(200);
        var row = await Database.DeliveryAsync(key);

        var replayed = (await acme.PostAsync($"deliveries/{before.Text("id")}/replay")).Is(202);

        Assert.Equal(Fields, replayed.Names());
        Assert.Equal((before.Text("id"), "pending", 3, 6), (replayed.Text("id"), replayed.Text("status"), replayed.Number("attempt_count"), replayed.Number("max_attempts")));
        Assert.Equal("worker", replayed.Text("waiting_for/reason"));
        Assert.True(replayed.IsNull("delivered_at"));
        Assert.Equal(before.Text("created_at"), replayed.Text("created_at"));
        Assert.True(replayed.Time("updated_at") > before.Time("updated_at"));
        var after = (await GetAsync(acme, key)).Is(200);
        Assert.Equal(before.At("payload").ToString(), after.At("payload").ToString());
        Assert.Equal(before.At("attempts").ToString(), after.At("attempts").ToString());
        var fenced = await Database.DeliveryAsync(key);
        Assert.Equal((row.ClaimCount + 1, 0, null), (fenced.ClaimCount, fenced.LostClaims, fenced.LeasedBy));
        Assert.NotNull(await ScoreAsync(key));
        (await acme.PostAsync($"deliveries/{before.Text("id")}/replay")).IsProblem(409);
    }

    [Fact]
    public async Task Each_replay_goes_on_numbering()
    {
        var acme = await Api.NewOrganizationAsync();
        var key = await AddAsync(acme, ADelivery().In(DeliveryStatus.DeadLetter).WithAttempts(2).AtMost(2));
        var id = (await GetAsync(acme, key)).Is(200).Text("id");

        for (var attempts = 2; attempts < 8; attempts += 2)
        {
            Assert.Equal(attempts + 2, (await acme.PostAsync($"deliveries/{id}/replay")).Is(202).Number("max_attempts"));
            await Database.ExecuteAsync("UPDATE webhook_deliveries SET status = 'dead_letter', attempt_count = max_attempts WHERE organization_id = $1", acme.Id);
        }
    }

    [Fact]
    public async Task A_pending_delivery_cannot_be_replayed_and_is_left_alone()
    {
        var acme = await Api.NewOrganizationAsync();
        foreach (var delivery in (DeliveryBuilder[])[ADelivery().Due(), ADelivery().DueIn(TimeSpan.FromHours(1)).LeftBy("a worker").WithAttempts(1)])
        {
            var key = await AddAsync(acme, delivery);
            var before = await Database.DumpAsync(acme.Id);

            (await acme.PostAsync($"deliveries/{(await GetAsync(acme, key)).Is(200).Text("id")}/replay")).IsProblem(409);

            Assert.Equal(before, await Database.DumpAsync(acme.Id));
        }
    }

    [Fact]
    public async Task Of_those_who_replay_at_once_one_does_it()
    {
        var acme = await Api.NewOrganizationAsync();
        var key = await AddAsync(acme, ADelivery().In(DeliveryStatus.DeadLetter).WithAttempts(1).AtMost(1));
        var id = (await GetAsync(acme, key)).Is(200).Text("id");

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => acme.PostAsync($"deliveries/{id}/replay")));

        Assert.Equal([202, 409, 409, 409, 409], answers.Select(answer => answer.Status).Order());
        Assert.Equal(2, (await Database.DeliveryAsync(key)).MaxAttempts);
    }

    [Fact]
    public async Task A_pending_delivery_is_cancelled_leased_or_not()
    {
        var acme = await Api.NewOrganizationAsync();
        foreach (var delivery in (DeliveryBuilder[])
            [ADelivery().Due(), ADelivery().DueIn(TimeSpan.FromHours(1)).WithAttempts(1), ADelivery().DueIn(TimeSpan.FromHours(1)).LeftBy("a worker")])
        {
            var key = await AddAsync(acme, delivery);
            var before = (await GetAsync(acme, key)).Is(200);

            var cancelled = (await acme.PostAsync($"deliveries/{before.Text("id")}/cancel")).Is(202);

            Assert.Equal(Fields, cancelled.Names());
            Assert.Equal((before.Text("id"), "cancelled", before.Number("attempt_count")), (cancelled.Text("id"), cancelled.Text("status"), cancelled.Number("attempt_count")));
            Assert.True(cancelled.IsNull("waiting_for"));
            Assert.Null((await Database.DeliveryAsync(key)).LeasedBy);
            (await acme.PostAsync($"deliveries/{before.Text("id")}/cancel")).IsProblem(409);
        }
    }

    [Theory]
    [InlineData(DeliveryStatus.DeadLetter)]
    [InlineData(DeliveryStatus.Succeeded)]
    [InlineData(DeliveryStatus.Cancelled)]
    public async Task Only_a_pending_delivery_can_be_cancelled(DeliveryStatus status)
    {
        var acme = await Api.NewOrganizationAsync();
        var key = await AddAsync(acme, ADelivery().In(status));
        var before = await Database.DumpAsync(acme.Id);

        (await acme.PostAsync($"deliveries/{(await GetAsync(acme, key)).Is(200).Text("id")}/cancel")).IsProblem(409);

        Assert.Equal(before, await Database.DumpAsync(acme.Id));
    }

    [Fact]
    public async Task A_cancelled_delivery_is_never_sent_and_a_replayed_one_is_under_the_next_number()
    {
        await using var receiver = await Receiver.StartAsync();
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(GivenWorkflows.Webhook("hook", ("endpoint_url", receiver.Url.ToString())));
        var cancelled = (await acme.StoreRunAsync(workflow)).Text("deliveries/0/delivery_id");
        (await acme.PostAsync($"deliveries/{cancelled}/cancel")).Is(202);
        var dead = await AddAsync(acme, ADelivery().To(receiver.Url).In(DeliveryStatus.DeadLetter).WithAttempts(2).AtMost(2));
        var id = (await GetAsync(acme, dead)).Is(200).Text("id");

        await using var worker = await TestWorker.StartAsync(Database, Api.Services.GetRequiredService<IConnectionMultiplexer>().Configuration);
        (await acme.PostAsync($"deliveries/{id}/replay")).Is(202);
        await Eventually.TrueAsync(async () => (await GetAsync(acme, dead)).Is(200).Text("status") == "succeeded");

        var request = Assert.Single(receiver.Requests);
        Assert.Equal((id, "3"), (request.Header("X-Dograh-Delivery-Id"), request.Header("X-Dograh-Delivery-Attempt")));
        var shown = (await GetAsync(acme, dead)).Is(200);
        Assert.Equal((3, 200), (shown.Number("attempts/2/number"), shown.Number("last_status_code")));
        Assert.False(shown.IsNull("delivered_at"));
    }

    [Fact]
    public async Task A_deliverys_credential_is_named_and_never_shown()
    {
        var acme = await Api.NewOrganizationAsync();
        var credential = (await acme.PostAsync(
            "credentials", """{"name": "x", "credential_type": "bearer_token", "credential_data": {"token": "abcdefgh"}}""")).Is(201).Text("uuid");

        var delivery = await acme.AddDeliveryAsync(("credential_uuid", credential));

        var answer = await acme.GetAsync($"deliveries/{delivery}");
        Assert.Equal(credential, answer.Is(200).Text("credential_uuid"));
        Assert.DoesNotContain("abcdefgh", answer.Body, StringComparison.Ordinal);
    }

    private async Task<DeliveryKey> AddAsync(ApiOrganization organization, DeliveryBuilder delivery) =>
        await Database.AddAsync(delivery.Of(await Database.AddRunAsync(organization.Id)));

    private async Task<ApiAnswer> GetAsync(ApiOrganization organization, DeliveryKey key) => await organization.GetAsync(
        $"deliveries/{await Database.ScalarAsync<Guid>("SELECT delivery_uuid FROM webhook_deliveries WHERE organization_id = $1 AND id = $2", key.OrganizationId, key.Id)}");

    private async Task<double?> ScoreAsync(DeliveryKey key) =>
        await Api.Services.GetRequiredService<IConnectionMultiplexer>().GetDatabase().SortedSetScoreAsync(QueueKeys.Deliveries(0), QueueKeys.Member(key));
}
