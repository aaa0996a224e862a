using System.Text.Json.Nodes;

namespace Dograh.Standalone;

/// <summary>What the demo sends to the API.</summary>
internal static class DemoContent
{
    public static JsonObject Credential() => new()
    {
        ["name"] = "Demo receiver",
        ["credential_type"] = "bearer_token",
        ["credential_data"] = new JsonObject { ["token"] = SecretFile.NewWord() },
    };

    public static JsonObject Workflow(string endpointUrl, string credentialUuid) => new()
    {
        ["name"] = "Demo call",
        ["workflow_definition"] = new JsonObject
        {
            ["nodes"] = new JsonArray(new JsonObject
            {
                ["id"] = "crm",
                ["type"] = "webhook",
                ["data"] = new JsonObject
                {
                    ["name"] = "Tell the CRM",
                    ["http_method"] = "POST",
                    ["endpoint_url"] = endpointUrl,
                    ["credential_uuid"] = credentialUuid,
                    ["custom_headers"] = new JsonArray(new JsonObject { ["key"] = "X-Campaign", ["value"] = "demo" }),
                    ["payload_template"] = new JsonObject
                    {
                        ["run"] = "{{workflow_run_id}}",
                        ["customer"] = "{{initial_context.customer_name}}",
                        ["outcome"] = "{{gathered_context.outcome}}",
                        ["seconds"] = "{{cost_info.call_duration_seconds}}",
                    },
                },
            }),
            ["edges"] = new JsonArray(),
        },
    };

    public static JsonObject CompletedRun() => new()
    {
        ["name"] = "Demo run",
        ["initial_context"] = new JsonObject { ["customer_name"] = "Ada Lovelace" },
        ["gathered_context"] = new JsonObject { ["outcome"] = "appointment made", ["call_disposition"] = "completed" },
        ["usage_info"] = new JsonObject { ["call_duration_seconds"] = 42 },
    };
}
