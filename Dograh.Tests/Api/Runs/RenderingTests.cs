using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dograh.Tests.Api.Workflows;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Runs;

/// <summary>What a node's template becomes, from the request to the bytes in <c>webhook_deliveries.payload</c>.</summary>
public sealed class RenderingTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task Every_value_of_the_context_is_rendered()
    {
        var acme = await Api.NewOrganizationAsync();
        const string Template =
            """
            {"run": "{{workflow_run_id}}", "run_name": "{{workflow_run_name}}", "workflow": "{{workflow_id}}", "workflow_name": "{{workflow_name}}",
             "campaign": "{{campaign_id}}", "call_time": "{{call_time}}", "initial": "{{initial_context.a}}", "gathered": "{{gathered_context.a}}",
             "cost": "{{cost_info.a}}", "annotations": "{{annotations.a}}", "extra": "{{extra.a}}", "recording": "{{recording_url}}",
             "transcript": "{{transcript_url}}", "user": "{{user_recording_url}}", "bot": "{{bot_recording_url}}", "usage": "{{usage_info.a}}"}
            """;
        var workflow = (await acme.PostAsync("workflows", Named("Wörk", Webhook("hook", ("payload_template", Raw(Template)))))).Is(201).Number("id");
        var run = await acme.StartRunAsync(workflow, """{"name": "R", "campaign_id": 12345678901234567890, "initial_context": {"a": 1.50}}""");

        var outcome = await acme.CompleteAsync(
            run,
            """
            {"gathered_context": {"a": true}, "usage_info": {"a": {"x": [1, "ü"]}}, "annotations": {"a": "😀"}, "extra": {"a": null},
             "recording_url": "r", "transcript_url": "t", "user_recording_url": "u", "bot_recording_url": "b"}
            """);

        var created = (await acme.GetAsync($"workflow-runs/{run}")).Is(200).Time("created_at").ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff", null);
        Assert.Equal(
            $$"""
            {"run":"{{run}}","run_name":"R","workflow":"{{workflow}}","workflow_name":"Wörk","campaign":"12345678901234567890","call_time":"{{created}}+00:00","initial":"1.5","gathered":"True","cost":"{\"x\": [1, \"\\u00fc\"]}","annotations":"😀","extra":"","recording":"r","transcript":"t","user":"u","bot":"b","usage":"","call_disposition":""}
            """,
            await PayloadAsync(outcome));
    }

    [Fact]
    public async Task Webhooks_that_would_be_too_much_together_are_invalid_and_those_before_them_are_sent()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync([.. Enumerable.Range(1, 6).Select(n => MuchOf("large_" + n)), Webhook("off", ("enabled", false)), Webhook("small")]);

        var outcome = await acme.StoreRunAsync(workflow, Large);

        Assert.Equal(
            ["created", "created", "created", "created", "invalid", "invalid", "skipped", "invalid"], outcome.Texts("deliveries", "outcome"));
        Assert.Equal("the run's webhooks together would exceed 16777216 characters", outcome.Text("deliveries/4/reason"));
    }

    [Fact]
    public async Task A_batch_whose_runs_would_be_too_much_together_is_refused_whole()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(MuchOf("large"));
        var path = $"workflows/{workflow}/completed-runs/batch";

        (await acme.PostAsync(path, $$"""{"runs": [{{string.Join(", ", Enumerable.Repeat(Large, 18))}}]}""")).IsProblem(413);

        Assert.Equal(0, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs WHERE workflow_id = $1", workflow));
        (await acme.PostAsync(path, $$"""{"runs": [{{Large}}]}""")).Is(207);
    }

    // Four million characters of forty thousand.
    private static readonly string Large = $$$"""{"gathered_context": {"x": "{{{new string('x', 40_000)}}}"}}""";

    private static JsonObject MuchOf(string id) => Webhook(id, ("payload_template", new JsonObject { ["t"] = string.Concat(Enumerable.Repeat("{{gathered_context.x}}", 100)) }));

    [Theory]
    [InlineData("""{"z": 1.0, "a": [true, null, 1e5, {"b": "x"}]}""", """{"z":1.0,"a":[true,null,100000.0,{"b":"x"}],"call_disposition":"no-answer"}""")]
    [InlineData("""{"call_disposition": "mine"}""", """{"call_disposition":"mine"}""")]
    [InlineData("""{"{{gathered_context.key}}": "{{gathered_context.text}}"}""", """{"kö":"a\"b\\c\n😀","call_disposition":"no-answer"}""")]
    [InlineData("""["{{gathered_context.n | fallback: none}}", "{{ gathered_context.zero }}"]""", """["none","0"]""")]
    [InlineData("\"{{gathered_context.key}}!\"", "\"kö!\"")]
    [InlineData("null", """{"call_disposition":"no-answer"}""")]
    [InlineData("5", "5")]
    [InlineData("""{"a": "\u00fc\u2028\u007f</script>"}""", "{\"a\":\"ü\u2028\u007f</script>\",\"call_disposition\":\"no-answer\"}")]
    public async Task A_payload_is_frozen_to_the_byte(string template, string payload)
    {
        var acme = await Api.NewOrganizationAsync();
        var body = $$$"""{"name": "x", "workflow_definition": {"nodes": [{"id": "a", "type": "webhook", "data": {"name": "n", "endpoint_url": "https://a.example/", "payload_template": {{{template}}} }}]}}""";
        var workflow = (await acme.PostAsync("workflows", body)).Is(201).Number("id");
        const string Run = """{"gathered_context": {"call_disposition": "no-answer", "key": "k\u00f6", "text": "a\"b\\c\\n😀", "zero": 0}}""";

        var outcome = await acme.StoreRunAsync(workflow, Run);
        var preview = (await acme.PostAsync($"workflows/{workflow}/preview", Run)).Is(200);

        Assert.Equal(Encoding.UTF8.GetBytes(payload), Encoding.UTF8.GetBytes(await PayloadAsync(outcome)));
        Assert.Equal(payload, preview.Text("requests/0/body"));
        var shown = (await acme.GetAsync($"deliveries/{outcome.Text("deliveries/0/delivery_id")}")).Is(200).At("payload");
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(payload), shown));
    }

    [Fact]
    public async Task The_original_implementations_payloads_come_out_the_same_through_the_api()
    {
        var acme = await Api.NewOrganizationAsync();
        var vectors = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Vectors", "pipeline.json"), Token))!["payload"]!.AsArray();
        Assert.NotEmpty(vectors);
        foreach (var vector in vectors)
        {
            var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("payload_template", vector!["template"]?.DeepClone())));
            var outcome = await acme.StoreRunAsync(workflow, vector["context"]!);
            new Comparison(vector["name"]!.GetValue<string>(), vector["expected"]!.ToJsonString()).AssertSame(await PayloadAsync(outcome));
        }
    }

    [Fact]
    public async Task A_fault_of_the_context_is_no_fault_of_the_template()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("payload_template", Raw("""{"a": "{{gathered_context.a}}"}"""))));

        // What a caller said is never rendered again.
        var outcome = await acme.StoreRunAsync(workflow, """{"gathered_context": {"a": "{{workflow_run_id}}"}}""");

        Assert.Equal("""{"a":"{{workflow_run_id}}","call_disposition":""}""", await PayloadAsync(outcome));
    }

    private Task<string> PayloadAsync(JsonElement outcome) =>
        Database.ScalarAsync<string>("SELECT payload FROM webhook_deliveries WHERE delivery_uuid = $1", outcome.Uuid("deliveries/0/delivery_id"));

    private sealed record Comparison(string Name, string Expected)
    {
        public void AssertSame(string actual) => Assert.Equal((Name, JsonElement.Parse(Expected).ToString()), (Name, JsonElement.Parse(actual).ToString()));
    }
}
