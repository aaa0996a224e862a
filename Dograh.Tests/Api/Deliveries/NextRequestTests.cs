using System.Text.Json.Nodes;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Sending;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Api.Deliveries;

public sealed class NextRequestTests(ApiFixture fixture) : ApiTest(fixture)
{
    private const string Secret = "s3cr3t-which-nobody-may-see";

    [Fact]
    public async Task The_next_attempts_request_is_shown_as_it_will_be_sent_without_its_secrets()
    {
        var acme = await Api.NewOrganizationAsync();
        var credential = (await acme.PostAsync("credentials", $$$"""{"name": "x", "credential_type": "api_key", "credential_data": {"header_name": "X-CRM-Key", "api_key": "{{{Secret}}}"}}""")).Is(201).Text("uuid");
        var workflow = await acme.AddWorkflowAsync(GivenWorkflows.Webhook(
            "hook", ("credential_uuid", credential), ("custom_headers", new JsonArray(GivenWorkflows.Header("X-Run", "r-{{workflow_run_id}}"))), ("payload_template", GivenWorkflows.Raw("""{"a": "ü"}"""))));
        var stored = await acme.StoreRunAsync(workflow);
        var id = stored.Text("deliveries/0/delivery_id");
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET attempt_count = 2 WHERE organization_id = $1", acme.Id);

        var answer = await acme.GetAsync($"deliveries/{id}/request");

        answer.Is(200).Matches(
            $$"""
            {"outcome": "would_send", "reason": null, "attempt_number": 3, "method": "POST", "url": "{{GivenWorkflows.Url}}",
             "headers": {"User-Agent": "{{WebhookRequest.UserAgent}}", "webhook-id": "{{id}}", "X-Dograh-Delivery-Id": "{{id}}", "X-Dograh-Workflow-Run-Id": "{{stored.Number("id")}}",
               "X-Dograh-Delivery-Attempt": "3", "X-CRM-Key": "***", "X-Run": "r-{{stored.Number("id")}}", "Content-Type": "application/json", "webhook-timestamp": "***", "webhook-signature": "***"},
             "body": "{\"a\":\"ü\",\"call_disposition\":\"\"}"}
            """);
        Assert.DoesNotContain(Secret, answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_method_without_a_body_has_none()
    {
        var acme = await Api.NewOrganizationAsync();
        var id = await acme.AddDeliveryAsync(("http_method", "GET"));

        var request = (await acme.GetAsync($"deliveries/{id}/request")).Is(200);

        Assert.True(request.IsNull("body"));
        Assert.DoesNotContain("Content-Type", request.At("headers").Names());
    }

    [Fact]
    public async Task What_cannot_be_sent_says_why()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        var missing = Guid.CreateVersion7();
        var removed = await Database.AddAsync(ADelivery().Of(run).In(DeliveryStatus.Succeeded));
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET payload = NULL WHERE organization_id = $1 AND id = $2", removed.OrganizationId, removed.Id);

        Assert.Equal($"credential {missing:D} not found", await ReasonAsync(await Database.AddAsync(ADelivery().Of(run).WithCredential(missing))));
        Assert.Equal("the payload has been removed, for it is older than payloads are kept", await ReasonAsync(removed));
        Assert.Equal("the custom header 'X A' has a name that HTTP does not allow", await ReasonAsync(await Database.AddAsync(ADelivery().Of(run).WithHeaders(("X A", "v")))));

        async Task<string> ReasonAsync(DeliveryKey key)
        {
            var request = (await acme.GetAsync($"deliveries/{(await Database.DeliveryAsync(key)).DeliveryUuid}/request")).Is(200);
            Assert.Equal("invalid", request.Text("outcome"));
            Assert.True(request.IsNull("headers") && request.IsNull("body"));
            return request.Text("reason");
        }
    }
}
