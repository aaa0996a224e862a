using System.Text.Json.Nodes;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Dograh.Webhooks.Signing;
using static Dograh.Tests.Api.Rehearsing.DraftPreviewTests;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Rehearsing;

/// <summary><c>POST /workflows/{id}/test</c> and <c>POST /workflows/test</c>.</summary>
public sealed class WorkflowTestTests(ApiFixture fixture, TestServers servers) : ApiTest(fixture), IAsyncLifetime
{
    private const string Secret = "s3cr3t-which-nobody-may-see";
    private const string Bearer = """{"name": "x", "credential_type": "bearer_token", "credential_data": {"token": "s3cr3t-which-nobody-may-see"}}""";

    private Receiver _receiver = null!;

    public async ValueTask InitializeAsync() => _receiver = await Receiver.StartAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task A_test_is_sent_as_the_nodes_delivery_would_be_and_says_that_it_is_one()
    {
        var acme = await Api.NewOrganizationAsync();
        var credential = (await acme.PostAsync("credentials", Bearer)).Is(201).Text("uuid");
        var workflow = await acme.AddWorkflowAsync(Webhook("other"), Webhook(
            "hook", ("endpoint_url", $"{_receiver.Url}?q={{{{gathered_context.q}}}}"), ("http_method", "PUT"), ("credential_uuid", credential),
            ("custom_headers", new JsonArray(Header("X-Q", "{{gathered_context.q}}"), Header("X-Dograh-Test", "no"))), ("payload_template", Raw("""{"q": "{{gathered_context.q}}"}"""))));
        var secret = (await acme.PostAsync("signing-secrets", new { workflow_id = workflow, webhook_node_id = "hook" })).Is(201).Text("id");
        var key = (await acme.GetAsync($"signing-secrets/{secret}/secret")).Is(200).Text("secret");
        var before = await TablesAsync(acme);

        var answer = (await acme.PostAsync($"workflows/{workflow}/test", """{"webhook_node_id": "hook", "gathered_context": {"q": "a b"}}""")).Is(200);

        var request = Assert.Single(_receiver.Requests);
        Assert.Equal(("PUT", "/hook?q=a%20b", $"Bearer {Secret}", "workflow.test"), (request.Method, $"{request.Path}{request.Query}", request.Header("Authorization"), request.Header("X-Dograh-Test")));
        Assert.Equal(("a b", "1", "0", "application/json"), (request.Header("X-Q"), request.Header("X-Dograh-Delivery-Attempt"), request.Header("X-Dograh-Workflow-Run-Id"), request.Header("Content-Type")));
        Assert.Equal("""{"q":"a b","call_disposition":""}""", request.Text);
        Assert.Equal(
            SigningKeys.Open((SigningAlgorithm.V1, key)).Sign(Guid.Parse(request.Header("webhook-id")!), long.Parse(request.Header("webhook-timestamp")!), request.Body),
            request.Header("webhook-signature"));

        Assert.Equal(["request", "answer"], answer.Names());
        Assert.Equal(("would_send", "PUT", $"{_receiver.Url}?q=a%20b", "***"), (answer.Text("request/outcome"), answer.Text("request/method"), answer.Text("request/url"), answer.Text("request/headers/Authorization")));
        Assert.Equal(["status_code", "duration_ms", "error", "response_headers", "response_body"], answer.At("answer").Names());
        Assert.Equal(200, answer.Number("answer/status_code"));
        Assert.True(answer.IsNull("answer/error"));
        Assert.Equal(before, await TablesAsync(acme));
    }

    [Fact]
    public async Task A_failure_is_told_redacted_and_cut_and_not_tried_again()
    {
        var acme = await Api.NewOrganizationAsync();
        var credential = (await acme.PostAsync("credentials", Bearer)).Is(201).Text("uuid");
        _receiver.Answers(request => Reply.Status(503, $"no: {request.Header("Authorization")} {new string('x', 10_000)}").With("X-Said", request.Header("Authorization")!).With("Retry-After", "0"));

        var answer = await acme.PostAsync("workflows/test", Draft(new { webhook_node_id = "hook" }, Webhook("hook", ("endpoint_url", _receiver.Url.ToString()), ("credential_uuid", credential))));

        var told = answer.Is(200).At("answer");
        Assert.Equal(503, told.Number("status_code"));
        Assert.StartsWith("HTTP 503: no: ", told.Text("error"), StringComparison.Ordinal);
        Assert.InRange(told.Text("response_body").Length, 4000, 4096);
        Assert.DoesNotContain(Secret, answer.Body, StringComparison.Ordinal);
        Assert.Single(_receiver.Requests);
    }

    [Fact]
    public async Task A_draft_a_past_run_and_a_node_that_is_off_can_be_tested()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());
        var run = (await acme.StoreRunAsync(workflow, """{"gathered_context": {"said": "yes"}}""")).Number("id");
        var node = Webhook("new", ("enabled", false), ("endpoint_url", _receiver.Url.ToString()), ("payload_template", Raw("""{"said": "{{gathered_context.said}}", "run": "{{workflow_run_id}}"}""")));

        (await acme.PostAsync($"workflows/{workflow}/test", Draft(new { webhook_node_id = "new", workflow_run_id = run }, node))).Is(200);

        var request = Assert.Single(_receiver.Requests);
        Assert.Equal($$"""{"said":"yes","run":"{{run}}","call_disposition":""}""", request.Text);
        Assert.Equal($"{run}", request.Header("X-Dograh-Workflow-Run-Id"));
    }

    [Fact]
    public async Task What_cannot_be_rendered_is_not_sent_and_says_why()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("endpoint_url", $"{_receiver.Url}/{{{{gathered_context.q}}}}")));

        var answer = (await acme.PostAsync($"workflows/{workflow}/test", new { webhook_node_id = "hook" })).Is(200);

        Assert.True(answer.IsNull("answer"));
        Assert.Equal(("invalid", "the URL needs 'gathered_context.q', which has no value"), (answer.Text("request/outcome"), answer.Text("request/reason")));
        Assert.Empty(_receiver.Requests);
        Assert.Equal(0, await Database.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE organization_id = $1 AND action = 'workflow.tested'", acme.Id));
    }

    [Fact]
    public async Task No_call_leads_a_test_to_an_address_that_deliveries_may_not_ask()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Egress:AllowedNetworks", null));
        var acme = await api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("endpoint_url", $"http://{{{{gathered_context.host}}}}:{_receiver.Url.Port}/")));

        var byAddress = (await acme.PostAsync($"workflows/{workflow}/test", """{"webhook_node_id": "hook", "gathered_context": {"host": "127.0.0.1"}}""")).Is(200);
        var byName = (await acme.PostAsync($"workflows/{workflow}/test", """{"webhook_node_id": "hook", "gathered_context": {"host": "localhost"}}""")).Is(200);

        Assert.Equal("invalid", byAddress.Text("request/outcome"));
        Assert.True(byName.IsNull("answer/status_code"));
        Assert.Contains("not allowed", byName.Text("answer/error"), StringComparison.Ordinal);
        Assert.Empty(_receiver.Requests);
    }

    [Fact]
    public async Task A_receiver_that_takes_longer_than_the_nodes_deadline_is_given_up()
    {
        var acme = await Api.NewOrganizationAsync();
        var forever = new TaskCompletionSource();
        _receiver.Answers(_ => Reply.Ok.After(forever.Task));

        var answer = (await acme.PostAsync("workflows/test", Draft(
            new { webhook_node_id = "hook" }, Webhook("hook", ("endpoint_url", _receiver.Url.ToString()), ("retry_config", Raw("""{"timeout_seconds": 1}""")))))).Is(200);
        forever.SetResult();

        Assert.Equal("timeout: no response within 1 s", answer.Text("answer/error"));
    }

    [Fact]
    public async Task It_is_on_record_who_tested_what()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("endpoint_url", $"{_receiver.Url}?token=in-the-url")));

        (await acme.PostAsync($"workflows/{workflow}/test", new { webhook_node_id = "hook" })).Is(200);

        var log = (await acme.GetAsync("audit?action=workflow.tested")).Is(200);
        var entry = Assert.Single(log.Items());
        Assert.Equal(($"{workflow}", "workflow"), (entry.Text("resource_id"), entry.Text("resource_type")));
        entry.At("details").Matches("""{"host": "127.0.0.1", "method": "POST", "is_draft": false, "credential_uuid": null, "webhook_node_id": "hook"}""");
    }

    [Fact]
    public async Task A_node_must_be_named_that_is_there()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());

        (await acme.PostAsync($"workflows/{workflow}/test", "{}")).Blames("webhook_node_id");
        (await acme.PostAsync($"workflows/{workflow}/test", """{"webhook_node_id": "another"}""")).Blames("webhook_node_id");
        (await acme.PostAsync("workflows/test", """{"webhook_node_id": "hook"}""")).Blames("/workflow_definition");
        (await acme.PostAsync("workflows/999999999/test", """{"webhook_node_id": "hook"}""")).IsProblem(404);
    }

    [Fact]
    public async Task Whoever_may_not_save_a_workflow_tests_only_what_is_saved()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("endpoint_url", _receiver.Url.ToString())));
        var caller = Api.WithKey((await acme.PostAsync("api-keys", new { name = "x", scopes = (string[])["credentials:write"] })).Is(201).Text("api_key"));

        (await caller.PostAsync($"workflows/{workflow}/test", new { webhook_node_id = "hook" })).Is(200);
        foreach (var path in (string[])[$"workflows/{workflow}/test", "workflows/test"])
        {
            Assert.Contains("'workflows:write'", (await caller.PostAsync(path, Draft(new { webhook_node_id = "hook" }, Webhook()))).IsProblem(403).Text("detail"), StringComparison.Ordinal);
        }

        Assert.Single(_receiver.Requests);
    }

    private async Task<string> TablesAsync(ApiOrganization organization) => string.Join(' ', await Database.ColumnAsync<long>(
        """
        SELECT count(*) FROM webhook_deliveries WHERE organization_id = $1 UNION ALL SELECT count(*) FROM webhook_delivery_attempts WHERE organization_id = $1
        UNION ALL SELECT count(*) FROM workflow_runs WHERE organization_id = $1 UNION ALL SELECT count(*) FROM workflow_definitions WHERE organization_id = $1
        """,
        organization.Id));
}
