using System.Text.Json.Nodes;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Credentials;
using Dograh.Tests.Support;
using Dograh.Webhooks.Sending;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Rehearsing;

public sealed class RunPreviewTests(ApiFixture fixture) : ApiTest(fixture)
{
    private const string Secret = "s3cr3t-which-nobody-may-see";

    [Fact]
    public async Task A_preview_shows_what_each_node_would_send()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(
            Webhook(
                "post", ("endpoint_url", "https://a.example/{{gathered_context.q}}?x={{workflow_run_id}}"),
                ("custom_headers", new JsonArray(Header("X-Run", "{{workflow_run_id}}"), Header("Authorization", "x"), Header("Content-Language", "de"))),
                ("payload_template", Raw("""{"run": "{{workflow_run_id}}", "name": "{{workflow_run_name}}", "campaign": "{{campaign_id}}"}"""))),
            Webhook("get", ("http_method", "get")),
            Webhook("off", ("enabled", false)),
            Webhook("bad", ("endpoint_url", "https://a.example/{{gathered_context.none}}")));

        var preview = (await acme.PostAsync($"workflows/{workflow}/preview", """{"name": "R", "campaign_id": 7, "gathered_context": {"q": "ä b"}}""")).Is(200);

        preview.Matches(
            $$"""
            {"requests": [
              {"webhook_node_id": "post", "webhook_name": "Webhook post", "outcome": "would_send", "reason": null, "method": "POST",
               "url": "https://a.example/%C3%A4%20b?x=0",
               "headers": {"User-Agent": "{{WebhookRequest.UserAgent}}", "webhook-id": "00000000-0000-0000-0000-000000000000",
                 "X-Dograh-Delivery-Id": "00000000-0000-0000-0000-000000000000",
                 "X-Dograh-Workflow-Run-Id": "0", "X-Dograh-Delivery-Attempt": "1", "X-Run": "0", "Content-Type": "application/json", "Content-Language": "de",
                 "webhook-timestamp": "***", "webhook-signature": "***"},
               "body": "{\"run\":\"0\",\"name\":\"R\",\"campaign\":\"7\",\"call_disposition\":\"\"}", "dropped_headers": ["Authorization"]},
              {"webhook_node_id": "get", "webhook_name": "Webhook get", "outcome": "would_send", "reason": null, "method": "GET", "url": "{{Url}}",
               "headers": {"User-Agent": "{{WebhookRequest.UserAgent}}", "webhook-id": "00000000-0000-0000-0000-000000000000",
                 "X-Dograh-Delivery-Id": "00000000-0000-0000-0000-000000000000",
                 "X-Dograh-Workflow-Run-Id": "0", "X-Dograh-Delivery-Attempt": "1", "webhook-timestamp": "***", "webhook-signature": "***"},
               "body": null, "dropped_headers": []},
              {"webhook_node_id": "off", "webhook_name": "Webhook off", "outcome": "skipped", "reason": "the node is disabled", "method": "POST",
               "url": null, "headers": null, "body": null, "dropped_headers": []},
              {"webhook_node_id": "bad", "webhook_name": "Webhook bad", "outcome": "invalid",
               "reason": "the URL needs 'gathered_context.none', which has no value", "method": "POST", "url": null, "headers": null, "body": null,
               "dropped_headers": []}]}
            """);
    }

    [Fact]
    public async Task A_certificate_needs_TLS_and_a_workflow_that_has_none_is_not_saved_and_would_send_nothing()
    {
        var acme = await Api.NewOrganizationAsync();
        using var authority = Certificates.NewAuthority("An authority");
        using var certificate = authority.Certify("somebody");
        var credential = (await acme.PostAsync("credentials", $$"""{"name": "x", "credential_type": "mtls", "credential_data": {{certificate.Data()}} }""")).Is(201).Text("uuid");
        var node = Webhook("hook", ("credential_uuid", credential), ("endpoint_url", "HTTP://a.example/{{gathered_context.q}}"));

        (await acme.PostAsync("workflows", Workflow(node.DeepClone()))).Blames("/workflow_definition/nodes/0/data/credential_uuid");
        var saved = await Database.AddWorkflowAsync(acme.Id, System.Text.Json.JsonSerializer.Serialize(Workflow(node)["workflow_definition"]));
        var request = (await acme.PostAsync($"workflows/{saved}/preview", """{"gathered_context": {"q": "x"}}""")).Is(200).At("requests/0");
        Assert.Equal(("invalid", DeliverySender.NoCertificate), (request.Text("outcome"), request.Text("reason")));

        var https = await acme.AddWorkflowAsync(Webhook("hook", ("credential_uuid", credential)));
        Assert.Equal("would_send", (await acme.PostAsync($"workflows/{https}/preview")).Is(200).Text("requests/0/outcome"));
    }

    [Theory]
    [InlineData("bearer_token", """{"token": "s3cr3t-which-nobody-may-see"}""", "Authorization")]
    [InlineData("api_key", """{"header_name": "X-CRM-Key", "api_key": "s3cr3t-which-nobody-may-see"}""", "X-CRM-Key")]
    [InlineData("basic_auth", """{"username": "anna", "password": "s3cr3t-which-nobody-may-see"}""", "Authorization")]
    [InlineData("custom_header", """{"header_name": "Content-Language", "header_value": "s3cr3t-which-nobody-may-see"}""", "Content-Language")]
    [InlineData("oauth2_client_credentials", """{"token_url": "https://issuer.example/", "client_id": "c", "client_secret": "s3cr3t-which-nobody-may-see"}""", "Authorization")]
    public async Task A_credentials_value_is_masked_and_goes_before_a_custom_header_of_its_name(string type, string data, string header)
    {
        var acme = await Api.NewOrganizationAsync();
        var credential = (await acme.PostAsync("credentials", $$"""{"name": "x", "credential_type": "{{type}}", "credential_data": {{data}} }""")).Is(201).Text("uuid");
        var custom = header == "Authorization" ? "X-Other" : header.ToLowerInvariant();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("credential_uuid", credential), ("custom_headers", new JsonArray(Header(custom, "custom")))));

        var answer = await acme.PostAsync($"workflows/{workflow}/preview");

        var headers = answer.Is(200).At("requests/0/headers");
        Assert.Equal("***", headers.Text(header));
        Assert.Equal(header == "Authorization", answer.Body.Contains("\"custom\"", StringComparison.Ordinal));
        Assert.DoesNotContain(Secret, answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("YW5uYT", answer.Body, StringComparison.Ordinal); // anna: in base64
    }

    [Fact]
    public async Task Headers_that_describe_a_body_are_shown_without_one_too_for_they_are_sent()
    {
        var acme = await Api.NewOrganizationAsync();
        var credential = (await acme.PostAsync(
            "credentials", """{"name": "x", "credential_type": "custom_header", "credential_data": {"header_name": "Allow", "header_value": "s3cr3t-which-nobody-may-see"}}""")).Is(201).Text("uuid");
        var workflow = await acme.AddWorkflowAsync(Webhook(
            "hook", ("http_method", "GET"), ("credential_uuid", credential), ("custom_headers", new JsonArray(Header("Content-Language", "de")))));

        var headers = (await acme.PostAsync($"workflows/{workflow}/preview")).Is(200).At("requests/0/headers");

        Assert.Equal(("de", "***"), (headers.Text("Content-Language"), headers.Text("Allow")));
    }

    [Fact]
    public async Task A_preview_sends_and_stores_nothing()
    {
        await using var receiver = await Receiver.StartAsync();
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("endpoint_url", receiver.Url.ToString())));
        var before = await Database.DumpAsync(acme.Id);

        Assert.Equal("would_send", (await acme.PostAsync($"workflows/{workflow}/preview", "{}", "a key")).Is(200).Text("requests/0/outcome"));

        Assert.Equal(before, await Database.DumpAsync(acme.Id));
        Assert.Empty((await acme.GetAsync("deliveries")).Is(200).Items());
        Assert.Empty(receiver.Requests);
    }

    [Fact]
    public async Task A_preview_takes_the_current_version()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("old"));
        (await acme.PutAsync($"workflows/{workflow}", Workflow(Webhook("new")))).Is(200);

        Assert.Equal(["new"], (await acme.PostAsync($"workflows/{workflow}/preview")).Is(200).Texts("requests", "webhook_node_id"));
    }

    [Fact]
    public async Task What_was_previewed_is_what_is_stored()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook(
            "hook", ("endpoint_url", "https://a.example/{{gathered_context.q}}"), ("payload_template", Raw("""{"q": "{{gathered_context.q}}"}"""))));
        const string Run = """{"gathered_context": {"q": "a/b"}}""";

        var preview = (await acme.PostAsync($"workflows/{workflow}/preview", Run)).Is(200).At("requests/0");
        var outcome = await acme.StoreRunAsync(workflow, Run);

        var delivery = (await acme.GetAsync($"deliveries/{outcome.Text("deliveries/0/delivery_id")}")).Is(200);
        Assert.Equal(preview.Text("url"), delivery.Text("endpoint_url"));
        delivery.At("payload").Matches(preview.Text("body"));
    }

    [Fact]
    public async Task A_credential_that_cannot_be_read_just_now_would_not_be_sent_without()
    {
        var acme = await Api.NewOrganizationAsync();
        var credential = (await acme.PostAsync("credentials", """{"name": "x", "credential_type": "bearer_token", "credential_data": {"token": "t"}}""")).Is(201).Uuid("uuid");
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("credential_uuid", credential.ToString())));
        await Database.ExecuteAsync("UPDATE external_credentials SET encrypted_data = '\\x00' WHERE uuid = $1", credential);

        Assert.NotEqual("would_send", (await acme.PostAsync($"workflows/{workflow}/preview")).Is(200).Text("requests/0/outcome"));
    }

    [Fact]
    public async Task An_unknown_workflow_is_404() => (await (await Api.NewOrganizationAsync()).PostAsync("workflows/999999999/preview")).IsProblem(404);
}
