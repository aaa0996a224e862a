using System.Text.Json.Nodes;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Queue;
using Dograh.Webhooks.Runs;
using StackExchange.Redis;
using Microsoft.Extensions.DependencyInjection;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Runs;

public sealed class RunsApiTests(ApiFixture fixture) : ApiTest(fixture)
{
    private const string Completion =
        """
        {"gathered_context": {"mood": "good", "n": 1.0}, "usage_info": {"cost": 1e2}, "annotations": {"a": []}, "extra": {"b": null},
         "recording_url": "https://a/r", "transcript_url": "https://a/t", "user_recording_url": "https://a/u", "bot_recording_url": "https://a/b"}
        """;

    [Fact]
    public async Task A_started_run_is_running()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());

        var started = (await acme.PostAsync($"workflows/{workflow}/runs", """{"name": "A call", "campaign_id": 7, "initial_context": {"phone": "+49"}}""")).Is(201);

        Assert.Equal(["id", "workflow_id", "version", "name", "status", "created_at"], started.Names());
        Assert.Equal((workflow, 1, "A call", "running"), (started.Number("workflow_id"), started.Number("version"), started.Text("name"), started.Text("status")));
        var run = (await acme.GetAsync($"workflow-runs/{started.Number("id")}")).Is(200);
        run.Matches(
            $$"""
            {"id": {{started.Number("id")}}, "workflow_id": {{workflow}}, "version": 1, "name": "A call", "campaign_id": 7, "status": "running",
             "created_at": "{{started.Text("created_at")}}", "completed_at": null, "initial_context": {"phone": "+49"}, "gathered_context": null,
             "usage_info": null, "annotations": null, "extra": null, "recording_url": null, "transcript_url": null, "user_recording_url": null,
             "bot_recording_url": null, "deliveries": []}
            """);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("""{"name": null, "campaign_id": null, "initial_context": null}""")]
    public async Task Everything_that_a_run_is_started_with_may_be_missing(string? body)
    {
        var acme = await Api.NewOrganizationAsync();

        var run = await acme.StartRunAsync(await acme.AddWorkflowAsync(), body);

        var read = (await acme.GetAsync($"workflow-runs/{run}")).Is(200);
        Assert.True(read.IsNull("name") && read.IsNull("campaign_id") && read.IsNull("initial_context"));
    }

    [Fact]
    public async Task Completing_a_run_creates_a_delivery_for_each_node_in_order()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("b"), new JsonObject { ["id"] = "x", ["type"] = "other" }, Webhook("a"));
        var run = await acme.StartRunAsync(workflow, """{"campaign_id": "spring"}""");

        var outcome = await acme.CompleteAsync(run, Completion);

        var (first, second) = (outcome.Text("deliveries/0/delivery_id"), outcome.Text("deliveries/1/delivery_id"));
        outcome.Matches(
            $$"""
            {"id": {{run}}, "status": "completed", "deliveries": [
              {"webhook_node_id": "b", "webhook_name": "Webhook b", "delivery_id": "{{first}}", "outcome": "created", "reason": null, "dropped_headers": []},
              {"webhook_node_id": "a", "webhook_name": "Webhook a", "delivery_id": "{{second}}", "outcome": "created", "reason": null, "dropped_headers": []}]}
            """);
        var read = (await acme.GetAsync($"workflow-runs/{run}")).Is(200);
        read.Matches(
            $$"""
            {"id": {{run}}, "workflow_id": {{workflow}}, "version": 1, "name": null, "campaign_id": "spring", "status": "completed",
             "created_at": "{{read.Text("created_at")}}", "completed_at": "{{read.Text("completed_at")}}", "initial_context": null,
             "gathered_context": {"mood": "good", "n": 1.0}, "usage_info": {"cost": 1e2}, "annotations": {"a": []}, "extra": {"b": null},
             "recording_url": "https://a/r", "transcript_url": "https://a/t", "user_recording_url": "https://a/u", "bot_recording_url": "https://a/b",
             "deliveries": [{"id": "{{first}}", "webhook_node_id": "b", "status": "pending"}, {"id": "{{second}}", "webhook_node_id": "a", "status": "pending"}]}
            """);
        Assert.True(read.Time("completed_at") > read.Time("created_at"));
    }

    [Fact]
    public async Task Completing_a_run_again_is_200_with_the_same_deliveries_and_the_first_data_stand()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("a", ("payload_template", Raw("""{"mood": "{{gathered_context.mood}}"}"""))), Webhook("off", ("enabled", false)));
        var run = await acme.StartRunAsync(workflow);
        var first = await acme.CompleteAsync(run, Completion);
        var before = await Database.DumpAsync(acme.Id);

        var again = (await acme.PostAsync($"workflow-runs/{run}/complete", """{"gathered_context": {"mood": "bad"}, "recording_url": "https://other"}""")).Is(200);

        again.Matches(
            $$"""
            {"id": {{run}}, "status": "completed", "deliveries": [
              {"webhook_node_id": "a", "webhook_name": "Webhook a", "delivery_id": "{{first.Text("deliveries/0/delivery_id")}}", "outcome": "existing", "reason": null, "dropped_headers": []}]}
            """);
        Assert.Equal(before, await Database.DumpAsync(acme.Id));
    }

    [Fact]
    public async Task However_concurrently_a_run_is_completed_each_node_has_one_delivery()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("a"), Webhook("b"));
        for (var round = 0; round < 3; round++)
        {
            var run = await acme.StartRunAsync(workflow);

            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => acme.PostAsync($"workflow-runs/{run}/complete", new { extra = new { i } })));

            Assert.Single(answers, answer => answer.Status == 202);
            Assert.Equal(7, answers.Count(answer => answer.Status == 200));
            Assert.Single(answers.Select(answer => string.Join(' ', answer.Json.Texts("deliveries", "delivery_id"))).Distinct());
            Assert.Equal(2, await Database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE organization_id = $1 AND workflow_run_id = $2", acme.Id, run));
        }
    }

    [Fact]
    public async Task A_run_is_pinned_to_the_version_it_was_started_with()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("old"));
        var run = await acme.StartRunAsync(workflow);
        (await acme.PutAsync($"workflows/{workflow}", Named("Renamed", Webhook("new")))).Is(200);

        var old = await acme.CompleteAsync(run);
        var started = (await acme.PostAsync($"workflows/{workflow}/runs")).Is(201);
        var stored = await acme.StoreRunAsync(workflow);

        Assert.Equal(["old"], old.Texts("deliveries", "webhook_node_id"));
        Assert.Equal(1, (await acme.GetAsync($"workflow-runs/{run}")).Is(200).Number("version"));
        Assert.Equal(2, started.Number("version"));
        Assert.Equal(["new"], stored.Texts("deliveries", "webhook_node_id"));
        Assert.Equal(2, (await acme.GetAsync($"workflow-runs/{stored.Number("id")}")).Is(200).Number("version"));
    }

    [Fact]
    public async Task Disabled_and_impossible_nodes_say_why_and_never_stop_the_others()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(
            Webhook("off", ("enabled", false)),
            Webhook("no-value", ("endpoint_url", "https://a.example/{{gathered_context.missing}}")),
            Webhook("empty", ("endpoint_url", "https://a.example/{{gathered_context.empty}}")),
            Webhook("object", ("endpoint_url", "https://a.example/{{gathered_context}}")),
            Webhook("host", ("endpoint_url", "https://{{gathered_context.evil}}/")),
            Webhook("level", ("endpoint_url", "https://a.example/{{gathered_context.up}}/x")),
            Webhook("private", ("endpoint_url", "http://{{gathered_context.address}}/")),
            Webhook("header", ("custom_headers", new JsonArray(Header("X-A", "{{gathered_context.lines}}")))),
            Webhook("fine", ("endpoint_url", "https://a.example/{{gathered_context.evil}}")));

        var outcome = await acme.StoreRunAsync(
            workflow, """{"gathered_context": {"empty": "", "evil": "b.example/@c?d#e", "up": "..", "address": "10.0.0.1", "lines": "a\r\nX-B: b"}}""");

        Assert.Equal(
            ["off skipped", "no-value invalid", "empty invalid", "object invalid", "host invalid", "level invalid", "private invalid", "header invalid", "fine created"],
            outcome.Items("deliveries").Select(node => $"{node.Text("webhook_node_id")} {node.Text("outcome")}"));
        Assert.All(outcome.Items("deliveries").SkipLast(1), node =>
        {
            Assert.True(node.IsNull("delivery_id"));
            Assert.Equal(node.Text("outcome") == "skipped", node.Text("reason") == "the node is disabled");
            Assert.NotEmpty(node.Text("reason"));
        });
        var delivery = (await acme.GetAsync($"deliveries/{outcome.Text("deliveries/8/delivery_id")}")).Is(200);
        Assert.Equal("https://a.example/b.example%2F%40c%3Fd%23e", delivery.Text("endpoint_url"));
        Assert.Single((await acme.GetAsync("deliveries")).Is(200).Items());
    }

    [Fact]
    public async Task A_run_whose_every_node_is_invalid_is_completed_all_the_same()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await acme.StartRunAsync(await acme.AddWorkflowAsync(Webhook("a", ("endpoint_url", "https://a.example/{{gathered_context.missing}}"))));

        await acme.CompleteAsync(run);

        Assert.Equal("completed", (await acme.GetAsync($"workflow-runs/{run}")).Is(200).Text("status"));
        Assert.Empty((await acme.PostAsync($"workflow-runs/{run}/complete")).Is(200).Items("deliveries"));
    }

    [Fact]
    public async Task Secret_looking_headers_are_dropped_and_named_and_the_others_are_rendered()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("custom_headers", new JsonArray(
            Header("Authorization", "Bearer abcdefgh"), Header("X-Run", "{{workflow_run_id}}"), Header("X-Secret-Thing", null), Header("X-Empty", ""),
            Header("X-Idempotency-Key", "{{gathered_context.key}}"), Header("", "nameless"), Header("X-None", "{{gathered_context.none}}")))));

        var outcome = await acme.StoreRunAsync(workflow, """{"gathered_context": {"key": "k ü"}}""");

        Assert.Equal(["Authorization", "X-Secret-Thing"], outcome.Items("deliveries/0/dropped_headers").Select(name => name.GetString()));
        var delivery = (await acme.GetAsync($"deliveries/{outcome.Text("deliveries/0/delivery_id")}")).Is(200);
        delivery.At("custom_headers").Matches(
            $$"""[{"key": "X-Run", "value": "{{outcome.Number("id")}}"}, {"key": "X-Idempotency-Key", "value": "k ü"}]""");
        Assert.DoesNotContain("abcdefgh", await Database.DumpAsync(acme.Id), StringComparison.Ordinal);
        Assert.True(Api.Log.Has($"Header 'Authorization' of node hook looks like a secret: run {outcome.Number("id")} is delivered without it."));
    }

    [Fact]
    public async Task A_completed_run_is_taken_in_at_once()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("a"));

        var outcome = await acme.StoreRunAsync(workflow, """{"name": "A call", "campaign_id": "c", "initial_context": {"x": 1}, "gathered_context": {"y": 2}}""");

        var read = (await acme.GetAsync($"workflow-runs/{outcome.Number("id")}")).Is(200);
        Assert.Equal(["id", "status", "deliveries"], outcome.Names());
        Assert.Equal(("completed", "A call", "c", 1, 2), (read.Text("status"), read.Text("name"), read.Text("campaign_id"), read.Number("initial_context/x"), read.Number("gathered_context/y")));
        Assert.Equal(read.Text("created_at"), read.Text("completed_at"));
        Assert.Equal(outcome.Text("deliveries/0/delivery_id"), read.Text("deliveries/0/id"));
        (await acme.PostAsync($"workflow-runs/{outcome.Number("id")}/complete")).Is(200);
    }

    [Fact]
    public async Task What_was_created_is_in_the_queue_due_at_once()
    {
        var acme = await Api.NewOrganizationAsync();
        var delivery = (await acme.StoreRunAsync(await acme.AddWorkflowAsync(Webhook()))).Uuid("deliveries/0/delivery_id");

        var id = await Database.ScalarAsync<long>("SELECT id FROM webhook_deliveries WHERE delivery_uuid = $1", delivery);
        var due = await Database.ScalarAsync<DateTimeOffset>("SELECT scheduled_for FROM webhook_deliveries WHERE delivery_uuid = $1", delivery);
        var redis = Api.Services.GetRequiredService<IConnectionMultiplexer>().GetDatabase();
        double? score = null;
        // The answer does not wait for Redis.
        await Eventually.TrueAsync(async () => (score = await redis.SortedSetScoreAsync(QueueKeys.Deliveries(0), $"{acme.Id}:{id}")) is not null);

        Assert.InRange(score!.Value - due.ToUnixTimeMilliseconds(), 0, 1);
    }

    [Fact]
    public async Task Runs_that_come_together_are_stored_together_each_for_its_own_organization_and_version()
    {
        var organizations = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Api.NewOrganizationAsync()));
        var workflows = await Task.WhenAll(organizations.Select(organization => organization.AddWorkflowAsync(Webhook("a"), Webhook("b"))));

        var answers = await Task.WhenAll(Enumerable.Range(0, 120).Select(async i =>
        {
            var (organization, workflow) = (organizations[i % 3], workflows[i % 3]);
            if (i == 60) (await organization.PutAsync($"workflows/{workflow}", Workflow(Webhook("c")))).Is(200);
            return (organization, i, Outcome: await organization.StoreRunAsync(workflow, $$"""{"name": "call {{i}}"}"""));
        }));

        foreach (var (organization, i, outcome) in answers)
        {
            var run = (await organization.GetAsync($"workflow-runs/{outcome.Number("id")}")).Is(200);
            Assert.Equal($"call {i}", run.Text("name"));
            // As many as its version has nodes.
            Assert.Equal(run.Number("version") == 1 ? 2 : 1, run.Items("deliveries").Count);
            Assert.Equal(run.Items("deliveries").Count, outcome.Items("deliveries").Count);
        }
    }

    /// <summary>A batch must not turn one bad row into everybody's failure.</summary>
    [Fact]
    public async Task A_run_that_postgresql_refuses_keeps_none_of_those_that_come_with_it_from_being_stored()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());
        var intake = Api.Services.GetRequiredService<RunIntake>();

        // A NUL would have been refused at the door.
        var runs = Enumerable.Range(0, 40).Select(i => intake.StoreCompletedAsync(new CompletedRun(
            acme.Id, ApiKeySecret.Hash(acme.Key), workflow, new RunFields(i % 10 == 3 ? "a\0b" : "good", default, default),
            new Completion(default, default, default, default, null, null, null, null), Size: 2))).ToList();

        for (var i = 0; i < runs.Count; i++)
        {
            var run = runs[i];
            if (i % 10 == 3) await Assert.ThrowsAsync<Npgsql.PostgresException>(() => run.Soon());
            else Assert.Single((await run.Soon())!.Created);
        }

        Assert.Equal(36, await Database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE workflow_id = $1", workflow));
    }

    [Fact]
    public async Task The_trace_of_the_completing_request_is_the_deliverys()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await acme.StartRunAsync(await acme.AddWorkflowAsync(Webhook()));
        const string Trace = "11112222333344445555666677778888";

        var outcome = (await acme.SendAsync(HttpMethod.Post, $"workflow-runs/{run}/complete", null, ("traceparent", $"00-{Trace}-b7ad6b7169203331-01"))).Is(202);

        Assert.Equal(Trace, (await acme.GetAsync($"deliveries/{outcome.Text("deliveries/0/delivery_id")}")).Is(200).Text("trace_id"));
    }

    [Fact]
    public async Task A_run_of_no_webhooks_completes_to_nothing()
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.StoreRunAsync(await acme.AddWorkflowAsync())).At("deliveries").Matches("[]");
    }
}
