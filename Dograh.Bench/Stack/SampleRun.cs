using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dograh.Bench.Stack;

/// <summary>The workflow and the completed run of every side: a payload of about 1 KB, most of it rendered from the run.</summary>
internal static class SampleRun
{
    private const string Summary =
        "The caller asked about the delivery date of order 48213, was told that it left the warehouse this morning, asked for it to be left with the "
        + "neighbour at number 12, and agreed to a text message on the day. She would like an invoice with the company's new address and was promised "
        + "one by e-mail before the end of the week. No complaint; she thanked the agent twice and rated the call nine out of ten. "
        + "The agent noted that the number on file is out of date and that calls are best made before noon, and opened ticket 7731 for the address.";

    /// <summary>The definition of a workflow with one webhook node.</summary>
    public static string Workflow(string receiverUrl, double timeoutSeconds = 30, double baseDelaySeconds = 30) => new JsonObject
    {
        ["name"] = "Order line",
        ["workflow_definition"] = new JsonObject
        {
            ["nodes"] = new JsonArray(new JsonObject
            {
                ["id"] = "crm",
                ["type"] = "webhook",
                ["data"] = new JsonObject
                {
                    ["name"] = "CRM",
                    ["endpoint_url"] = receiverUrl,
                    ["payload_template"] = Template(),
                    ["retry_config"] = new JsonObject { ["timeout_seconds"] = timeoutSeconds, ["base_delay_seconds"] = baseDelaySeconds },
                },
            }),
            ["edges"] = new JsonArray(),
        },
    }.ToJsonString();

    /// <summary>A completed run; <c>@SENT_AT@</c> stands for the timestamp at which it was due to be sent.</summary>
    public static string Run() => Completion().ToJsonString().Replace("\"@SENT_AT@\"", "@SENT_AT@", StringComparison.Ordinal);

    /// <summary>A batch of completed runs.</summary>
    /// <param name="runs">How many.</param>
    /// <param name="keyed">Whether each has an <c>idempotency_key</c>, of which <c>@KEY@</c> stands for what no other batch has.</param>
    public static string Batch(int runs, bool keyed) =>
        new JsonObject { ["runs"] = new JsonArray([.. Enumerable.Range(0, runs).Select(i => (JsonNode)Completion(keyed ? $"@KEY@-{i}" : null))]) }
            .ToJsonString().Replace("\"@SENT_AT@\"", "@SENT_AT@", StringComparison.Ordinal);

    /// <summary>What such a run is rendered to: the body that the limit and the peers send.</summary>
    public static string Payload() => JsonSerializer.Serialize(new
    {
        run = 1234567,
        workflow = "Order line",
        called_at = "2026-01-05T10:11:12.123456+00:00",
        customer = new { name = "Ada Lovelace", phone = "+31201234567", tier = "gold" },
        outcome = new { disposition = "resolved", sentiment = "positive", rating = 9, sent_at = "@SENT_AT@" },
        summary = Summary,
        links = new { recording = "https://recordings.example/2026/01/05/48213.wav", transcript = "https://recordings.example/2026/01/05/48213.txt" },
        cost = new { seconds = 184, usd = 0.31 },
        call_disposition = "resolved",
    }).Replace("\"@SENT_AT@\"", "@SENT_AT@", StringComparison.Ordinal);

    private static JsonObject Template() => new()
    {
        ["run"] = "{{workflow_run_id}}",
        ["workflow"] = "{{workflow_name}}",
        ["called_at"] = "{{call_time}}",
        ["customer"] = new JsonObject
        {
            ["name"] = "{{initial_context.customer.name}}",
            ["phone"] = "{{initial_context.customer.phone}}",
            ["tier"] = "{{initial_context.customer.tier | fallback:none}}",
        },
        ["outcome"] = new JsonObject
        {
            ["disposition"] = "{{gathered_context.call_disposition}}",
            ["sentiment"] = "{{gathered_context.sentiment}}",
            ["rating"] = "{{gathered_context.rating}}",
            ["sent_at"] = "{{gathered_context.sent_at}}",
        },
        ["summary"] = "{{gathered_context.summary}}",
        ["links"] = new JsonObject { ["recording"] = "{{recording_url}}", ["transcript"] = "{{transcript_url}}" },
        ["cost"] = new JsonObject { ["seconds"] = "{{cost_info.call_duration_seconds}}", ["usd"] = "{{cost_info.total_cost_usd}}" },
    };

    private static JsonObject Completion(string? key)
    {
        var run = Completion();
        if (key is not null) run["idempotency_key"] = key;
        return run;
    }

    private static JsonObject Completion() => new()
    {
        ["name"] = "call 48213",
        ["initial_context"] = new JsonObject
        {
            ["customer"] = new JsonObject { ["name"] = "Ada Lovelace", ["phone"] = "+31201234567", ["tier"] = "gold" },
        },
        ["gathered_context"] = new JsonObject
        {
            ["call_disposition"] = "resolved",
            ["sentiment"] = "positive",
            ["rating"] = 9,
            ["sent_at"] = "@SENT_AT@",
            ["summary"] = Summary,
        },
        ["usage_info"] = new JsonObject { ["call_duration_seconds"] = 184, ["total_cost_usd"] = 0.31 },
        ["recording_url"] = "https://recordings.example/2026/01/05/48213.wav",
        ["transcript_url"] = "https://recordings.example/2026/01/05/48213.txt",
    };
}
