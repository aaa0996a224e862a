using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Dograh.Tests.Api.Workflows;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Http;

/// <summary>Whatever is sent, the answer is JSON or a problem that says what is wrong; never a 500.</summary>
public sealed class ProblemsTests(ApiFixture fixture) : ApiTest(fixture)
{
    private const int MaxBodyBytes = 1024 * 1024;

    [Theory]
    [InlineData("{")]
    [InlineData("""{"name": }""")]
    [InlineData("""{"name": "x",}""")]
    [InlineData("""{"name": 'x'}""")]
    [InlineData("""{"name": "x"} {}""")]
    [InlineData("""{"name": 01}""")]
    [InlineData("""{"name": NaN}""")]
    [InlineData("name=x")]
    [InlineData("// comment\n{}")]
    [InlineData("\ufeff{\"name\": \"x\"}")]
    [InlineData("{\"name\": \"x\"}\0")]
    [InlineData("{\"name\": Infinity}")]
    [InlineData(" ")]
    [InlineData("{\"name\": \"\t\"}")]
    public async Task Malformed_json_is_400(string body)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("api-keys", body)).IsProblem(400);
        (await acme.PostAsync("workflows", body)).IsProblem(400);
    }

    [Theory]
    [InlineData("api-keys", "{\"name\": \"\u00ff\"}")]
    [InlineData("workflows", "{\"name\": \"x\", \"workflow_definition\": {\"nodes\": [{\"type\": \"other\", \"text\": \"\u00ff\"}]}}")]
    [InlineData("credentials", "{\"name\": \"x\", \"credential_type\": \"bearer_token\", \"credential_data\": {\"token\": \"\u00ff\"}}")]
    [InlineData("workflows/{0}/runs", "{\"initial_context\": {\"a\": \"\u00ff\"}}")]
    [InlineData("workflows/{0}/completed-runs", "{\"gathered_context\": {\"a\": \"\u00ff\"}}")]
    [InlineData("workflows/{0}/completed-runs", "{\"campaign_id\": \"\u00ff\"}")]
    [InlineData("workflows/{0}/completed-runs/batch", "{\"runs\": [{}, {\"gathered_context\": {\"a\": \"\u00ff\"}}]}")]
    [InlineData("workflows/{0}/preview", "{\"gathered_context\": {\"a\": \"\u00ff\"}}")]
    public async Task A_body_that_is_not_utf_8_is_400(string path, string latin1)
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());
        using var content = new ByteArrayContent(Encoding.Latin1.GetBytes(latin1));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");

        (await acme.SendAsync(HttpMethod.Post, string.Format(path, workflow), content)).IsProblem(400);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("5")]
    [InlineData("\"text\"")]
    [InlineData("true")]
    public async Task A_body_that_is_no_object_is_422(string body)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("api-keys", body)).Blames("");
    }

    [Theory]
    [InlineData("api-keys", """{"name": 5}""", "name")]
    [InlineData("api-keys", """{"name": {"a": 1}}""", "name")]
    [InlineData("credentials", """{"name": "x", "credential_type": 5}""", "credential_type")]
    [InlineData("credentials", """{"name": "x", "description": [], "credential_type": "none"}""", "description")]
    [InlineData("credentials", """{"name": "x", "credential_type": "none", "credential_data": 5}""", "credential_data")]
    [InlineData("workflows", """{"name": true, "workflow_definition": {"nodes": []}}""", "name")]
    [InlineData("workflows", """{"name": "x", "workflow_definition": "text"}""", "/workflow_definition")]
    [InlineData("workflows", """{"name": "x", "workflow_definition": {"nodes": {}, "edges": {}}}""", "/workflow_definition/nodes", "/workflow_definition/edges")]
    [InlineData("workflows", """{"workflow_definition": {}}""", "name", "/workflow_definition/nodes")]
    [InlineData("workflows/{0}/runs", """{"name": 5}""", "name")]
    [InlineData("workflows/{0}/runs", """{"campaign_id": {}, "initial_context": []}""", "campaign_id", "initial_context")]
    [InlineData("workflows/{0}/runs", """{"campaign_id": true}""", "campaign_id")]
    [InlineData("workflows/{0}/completed-runs", """{"recording_url": 5}""", "recording_url")]
    [InlineData("workflows/{0}/completed-runs", """{"gathered_context": "x", "usage_info": 1, "annotations": [], "extra": true}""",
        "gathered_context", "usage_info", "annotations", "extra")]
    [InlineData("workflows/{0}/preview", """{"transcript_url": [], "extra": 1}""", "transcript_url")]
    [InlineData("workflows/{0}/completed-runs/batch", """{"runs": {}}""", "runs")]
    [InlineData("workflows/{0}/completed-runs/batch", "{}", "runs")]
    [InlineData("deliveries/replay", """{"status": 5}""", "status")]
    [InlineData("deliveries/replay", """{"status": "dead_letter", "workflow_run_id": "x", "created_after": "soon"}""", "workflow_run_id", "created_after")]
    public async Task A_body_that_makes_no_sense_is_422_and_names_the_field(string path, string body, params string[] fields)
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());

        (await acme.PostAsync(string.Format(path, workflow), body)).Blames(fields);
    }

    [Fact]
    public async Task A_body_of_the_largest_size_is_taken_and_one_byte_more_is_413()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());
        var path = $"workflows/{workflow}/completed-runs";

        (await acme.PostAsync(path, OfSize(MaxBodyBytes))).Is(202);
        // Asks first, so that the refusal is read and not lost in the writing.
        (await acme.SendAsync(HttpMethod.Post, path, ApiCaller.Json(OfSize(MaxBodyBytes + 1)), ("Expect", "100-continue"))).IsProblem(413);
    }

    [Fact]
    public async Task A_body_whose_length_is_not_told_is_413_too()
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.SendAsync(HttpMethod.Post, "api-keys", ApiCaller.Json(OfSize(MaxBodyBytes + 1)), ("Transfer-Encoding", "chunked"))).IsProblem(413);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/xml")]
    [InlineData("application/jsonx")]
    [InlineData(null)]
    public async Task Another_content_type_is_415(string? contentType)
    {
        var acme = await Api.NewOrganizationAsync();
        foreach (var path in (string[])["api-keys", "workflows", "deliveries/replay"])
        {
            using var content = new ByteArrayContent("""{"name": "x"}"""u8.ToArray());
            if (contentType is not null) content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
            (await acme.SendAsync(HttpMethod.Post, path, content)).IsProblem(415);
        }
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("Application/JSON;charset=UTF-8")]
    public async Task Json_is_json_however_it_is_called(string contentType)
    {
        var acme = await Api.NewOrganizationAsync();
        using var content = new ByteArrayContent("""{"name": "x"}"""u8.ToArray());
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);

        (await acme.SendAsync(HttpMethod.Post, "api-keys", content)).Is(201);
    }

    [Theory]
    [InlineData("nothing-here")]
    [InlineData("workflows/1/nothing-here")]
    [InlineData("workflows/not-a-number")]
    [InlineData("workflows/99999999999999999999999")]
    [InlineData("workflow-runs/-99999999999999999999999")]
    [InlineData("credentials/not-a-uuid")]
    [InlineData("deliveries/1")]
    [InlineData("/nothing-here")]
    [InlineData("/api")]
    [InlineData("/api/v2/workflows")]
    public async Task An_unknown_path_is_404(string path)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.GetAsync(path)).IsProblem(404);
        (await Api.Anonymous.GetAsync(path)).IsProblem(404);
    }

    [Theory]
    [InlineData("DELETE", "workflows", "GET, POST")]
    [InlineData("PATCH", "workflows/1", "GET, PUT")]
    [InlineData("GET", "workflow-runs/1/complete", "POST")]
    [InlineData("PUT", "organizations", "GET, POST")]
    [InlineData("POST", "stats", "GET")]
    public async Task A_method_that_a_path_does_not_take_is_405_and_says_which_it_takes(string method, string path, string allow)
    {
        var acme = await Api.NewOrganizationAsync();

        var answer = await acme.SendAsync(HttpMethod.Parse(method), path);

        answer.IsProblem(405);
        Assert.Equal(allow, string.Join(", ", answer.Header("Allow")!.Split(", ").Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task A_problem_tells_the_trace_of_its_request()
    {
        var acme = await Api.NewOrganizationAsync();
        const string Trace = "0af7651916cd43dd8448eb211c80319c";

        foreach (var (path, status) in ((string, int)[])[("nothing-here", 404), ("workflows/1", 404), ("workflows?limit=x", 422)])
        {
            var answer = await acme.SendAsync(HttpMethod.Get, path, null, ("traceparent", $"00-{Trace}-b7ad6b7169203331-01"));
            Assert.Equal(Trace, answer.IsProblem(status).Text("trace_id"));
        }
    }

    [Fact]
    public async Task Unknown_fields_are_ignored_at_every_depth()
    {
        var acme = await Api.NewOrganizationAsync();
        (await acme.PostAsync("api-keys", """{"name": "x", "Name": 5, "NAME": [], "id": {}}""")).Is(201);
        var credential = (await acme.PostAsync(
            "credentials", """{"name": "x", "uuid": 5, "credential_type": "bearer_token", "credential_data": {"token": "t", "tokens": [1]}}""")).Is(201).Text("uuid");
        (await acme.PutAsync($"credentials/{credential}", """{"name": "y", "colour": "red"}""")).Is(200);
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("colour", Raw("{}")), ("retry_config", Raw("""{"colour": "red"}"""))));
        (await acme.PostAsync($"workflows/{workflow}/runs", """{"colour": {}, "version": "x"}""")).Is(201);
        (await acme.PostAsync($"workflows/{workflow}/completed-runs", """{"colour": 1, "id": "x"}""")).Is(202);
        (await acme.PostAsync($"workflows/{workflow}/completed-runs/batch", """{"runs": [{"colour": 1}], "colour": 1}""")).Is(207);
        (await acme.PostAsync("deliveries/replay", """{"status": "dead_letter", "colour": 1}""")).Is(202);
        (await acme.GetAsync("workflows?colour=red&limit=1")).Is(200);
    }

    [Fact]
    public async Task Fields_that_another_call_has_are_unknown_ones_too()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());

        var run = await acme.StartRunAsync(workflow, """{"recording_url": 5, "gathered_context": 5}""");

        await acme.CompleteAsync(run, """{"name": 5, "initial_context": 5, "campaign_id": {}}""");
    }

    // Half of a surrogate pair is JSON, but no Unicode text: nothing could give it back as UTF-8.
    [Theory]
    [InlineData("api-keys", """{"name": "\ud83d"}""")]
    [InlineData("api-keys", """{"name": "x", "ignored": "\uD83Dx"}""")]
    [InlineData("credentials", """{"name": "x", "description": "\udc00", "credential_type": "none"}""")]
    [InlineData("credentials", """{"name": "x", "credential_type": "bearer_token", "credential_data": {"token": "\ud83d"}}""")]
    [InlineData("workflows", """{"name": "x", "workflow_definition": {"nodes": [{"id": "\ud83d", "type": "webhook", "data": {}}]}}""")]
    [InlineData("workflows", """{"name": "x", "workflow_definition": {"nodes": [{"type": "other", "text": "\ud83d"}]}}""")]
    [InlineData("workflows", """{"name": "x", "workflow_definition": {"nodes": [{"type": "other", "\ude00\ud83d": 1}]}}""")]
    [InlineData("workflows/{0}/runs", """{"initial_context": {"a": "\udc00"}}""")]
    [InlineData("workflows/{0}/completed-runs", """{"gathered_context": {"a": ["\ud83d"]}}""")]
    [InlineData("workflows/{0}/completed-runs", """{"campaign_id": "\ud83d\ud83d"}""")]
    [InlineData("workflows/{0}/completed-runs/batch", """{"runs": [{"extra": {"a": "\ud83d"}}]}""")]
    [InlineData("workflows/{0}/preview", """{"recording_url": "\ud83d"}""")]
    [InlineData("deliveries/replay", """{"status": "dead_letter", "webhook_node_id": "\ud83d"}""")]
    public async Task Half_of_a_surrogate_pair_is_422_wherever_it_is(string path, string body)
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());

        (await acme.PostAsync(string.Format(path, workflow), body)).IsProblem(422);
    }

    [Fact]
    public async Task A_whole_surrogate_pair_is_a_character()
    {
        var acme = await Api.NewOrganizationAsync();

        Assert.Equal("😀", (await acme.PostAsync("api-keys", """{"name": "\ud83d\ude00"}""")).Is(201).Text("name"));
    }

    [Theory]
    [InlineData("api-keys", """{"name": "a\u0000b"}""", "name")]
    [InlineData("credentials", """{"name": "a\u0000b", "description": "\u0000", "credential_type": "none"}""", "name", "description")]
    [InlineData("credentials", """{"name": "x", "credential_type": "\u0000"}""", "credential_type")]
    [InlineData("workflows", """{"name": "\u0000x", "workflow_definition": {"nodes": []}}""", "name")]
    [InlineData("workflows", """{"name": "x", "workflow_definition": {"nodes": [{"id": "a\u0000", "type": "webhook", "data": {"name": "n\u0000", "endpoint_url": "https://a.example/"}}]}}""",
        "/workflow_definition/nodes/0/id", "/workflow_definition/nodes/0/data/name")]
    [InlineData("workflows", """{"name": "x", "workflow_definition": {"nodes": [{"id": "a", "type": "webhook", "data": {"name": "n", "endpoint_url": "https://a.example/\u0000"}}]}}""",
        "/workflow_definition/nodes/0/data/endpoint_url")]
    [InlineData("workflows/{0}/runs", """{"name": "a\u0000"}""", "name")]
    [InlineData("workflows/{0}/completed-runs", """{"name": "\u0000", "recording_url": "\u0000", "transcript_url": "\u0000", "user_recording_url": "\u0000", "bot_recording_url": "\u0000"}""",
        "name", "recording_url", "transcript_url", "user_recording_url", "bot_recording_url")]
    [InlineData("deliveries/replay", """{"status": "dead_letter", "webhook_node_id": "\u0000", "endpoint_host": "\u0000"}""", "webhook_node_id", "endpoint_host")]
    public async Task A_nul_in_a_text_of_ours_is_422(string path, string body, params string[] fields)
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());

        (await acme.PostAsync(string.Format(path, workflow), body)).Blames(fields);
    }

    [Theory]
    [InlineData("deliveries?webhook_node_id=%00", "webhook_node_id")]
    [InlineData("deliveries?endpoint_host=%00", "endpoint_host")]
    [InlineData("deliveries?status=%00", "status")]
    [InlineData("deliveries?workflow_id=%00", "workflow_id")]
    [InlineData("deliveries?created_before=%00", "created_before")]
    [InlineData("deliveries?cursor=%00", "cursor")]
    [InlineData("stats?window=%00", "window")]
    public async Task A_nul_in_a_query_is_422(string path, string field)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.GetAsync(path)).Blames(field);
    }

    [Fact]
    public async Task A_nul_in_the_callers_own_json_is_kept_and_harms_nothing()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(
            new JsonObject { ["id"] = "a", ["type"] = "other", ["text"] = "\0" },
            Webhook("hook", ("payload_template", Raw("""{"a": "\u0000", "b": "{{gathered_context.x}}"}"""))));
        var run = await acme.StartRunAsync(workflow, """{"campaign_id": "\u0000", "initial_context": {"\u0000": "\u0000"}}""");
        var delivery = (await acme.CompleteAsync(run, """{"gathered_context": {"x": "a\u0000b"}}""")).Text("deliveries/0/delivery_id");

        Assert.Equal("\0", (await acme.GetAsync($"workflows/{workflow}")).Is(200).Text("workflow_definition/nodes/0/text"));
        Assert.Equal("\0", (await acme.GetAsync($"workflow-runs/{run}")).Is(200).Text("campaign_id"));
        Assert.Equal("a\0b", (await acme.GetAsync($"deliveries/{delivery}")).Is(200).Text("payload/b"));
    }

    [Theory]
    [InlineData(64)]
    [InlineData(1000)]
    [InlineData(100_000)]
    public async Task Nesting_that_is_too_deep_is_refused_and_harms_nothing(int depth)
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());

        (await acme.PostAsync("api-keys", Nested(depth, "name"))).IsProblem(400);
        (await acme.PostAsync($"workflows/{workflow}/completed-runs", Nested(depth, "extra"))).IsProblem(400);
    }

    [Fact]
    public async Task The_deepest_nesting_that_is_taken_can_be_read_everywhere()
    {
        var acme = await Api.NewOrganizationAsync();
        // The body itself is the first of the 64 levels that are taken; a template begins on the seventh.
        var template = $$"""{"t": {{Enclosed(64 - 6)}}, "x": "<<gathered_context>>"}""".Replace("<<", "{{", StringComparison.Ordinal).Replace(">>", "}}", StringComparison.Ordinal);
        var workflow = (await acme.PostAsync("workflows", Workflow(Webhook("hook", ("payload_template", Raw(template)))))).Is(201).Number("id");
        var run = await acme.StartRunAsync(workflow, Nested(62, "initial_context", "x"));
        var delivery = (await acme.CompleteAsync(run, Nested(62, "gathered_context", "call_disposition"))).Text("deliveries/0/delivery_id");

        (await acme.GetAsync($"workflows/{workflow}")).Is(200);
        (await acme.GetAsync("workflows")).Is(200);
        (await acme.GetAsync($"workflow-runs/{run}")).Is(200);
        (await acme.GetAsync($"deliveries/{delivery}")).Is(200);
        (await acme.PostAsync($"workflows/{workflow}/preview", Nested(62, "gathered_context", "call_disposition"))).Is(200);
        var secretive = Webhook("hook", ("custom_headers", new JsonArray(Header("token", "v"))), ("payload_template", Raw(template)));
        (await acme.PutAsync($"workflows/{workflow}", Workflow(secretive))).Is(200);
        (await acme.GetAsync("workflows")).Is(200);
    }

    [Fact]
    public async Task Huge_numbers_in_the_callers_own_json_are_kept_digit_by_digit()
    {
        var acme = await Api.NewOrganizationAsync();
        var digits = new string('9', 2000);
        var context = $$"""{"a": {{digits}}, "b": 1e400, "c": -1E-999, "d": 1.0, "e": 0.{{digits}}}""";
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("payload_template", Raw("""{"a": "{{gathered_context.a}}", "b": "{{gathered_context.b}}", "c": "{{gathered_context.c}}"}"""))));
        var run = await acme.StartRunAsync(workflow, $$"""{"campaign_id": 1e400, "initial_context": {{context}}}""");

        var delivery = (await acme.CompleteAsync(run, $$"""{"gathered_context": {{context}}}""")).Text("deliveries/0/delivery_id");

        var stored = (await acme.GetAsync($"workflow-runs/{run}")).Is(200);
        stored.At("initial_context").Matches(context);
        stored.At("gathered_context").Matches(context);
        Assert.Equal("1e400", stored.At("campaign_id").GetRawText());
        Assert.Equal(digits, (await acme.GetAsync($"deliveries/{delivery}")).Is(200).Text("payload/a"));
    }

    [Theory]
    [InlineData("deliveries?workflow_id=99999999999999999999", "workflow_id")]
    [InlineData("deliveries?workflow_run_id=-1", "workflow_run_id")]
    [InlineData("deliveries?workflow_run_id=1.5", "workflow_run_id")]
    [InlineData("deliveries?workflow_run_id=1e3", "workflow_run_id")]
    [InlineData("deliveries?created_after=99999-01-01T00:00:00Z", "created_after")]
    [InlineData("deliveries?created_after=yesterday", "created_after")]
    [InlineData("deliveries?status=failed", "status")]
    [InlineData("deliveries?status=Pending", "status")]
    public async Task A_query_that_makes_no_sense_is_422_and_names_the_parameter(string path, string parameter)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.GetAsync(path)).Blames(parameter);
    }

    [Theory]
    [InlineData("deliveries?created_after=0001-01-01T00:00:00Z&created_before=9999-12-31T23:59:59.9999999Z")]
    [InlineData("deliveries?workflow_id=9223372036854775807&workflow_run_id=0")]
    [InlineData("deliveries?webhook_node_id=%F0%9F%98%80&endpoint_host=%C3%A9.example")]
    public async Task The_outermost_values_of_a_query_are_values(string path)
    {
        var acme = await Api.NewOrganizationAsync();
        await acme.AddDeliveryAsync();

        (await acme.GetAsync(path)).Is(200);
    }

    [Fact]
    public async Task A_name_that_is_longer_than_allowed_is_422_and_the_longest_one_is_taken()
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("api-keys", new { name = new string('x', 1001) })).Blames("name");
        (await acme.PostAsync("workflows", Named(new string('x', 1001)))).Blames("name");
        (await acme.PostAsync("api-keys", new { name = new string('界', 1000) })).Is(201);
        (await acme.PostAsync("workflows", Named(new string('界', 1000)))).Is(201);
    }

    private static string OfSize(int bytes)
    {
        const string Begin = """{"extra": {"x": """;
        return Begin + "\"" + new string('x', bytes - Begin.Length - 4) + "\"}}";
    }

    private static string Nested(int depth, string field) => $"{{\"{field}\": {Enclosed(depth)}}}";

    private static string Nested(int depth, string field, string inner) => $"{{\"{field}\": {{\"{inner}\": {Enclosed(depth)}}}}}";

    private static string Enclosed(int levels) => new string('[', levels) + new string(']', levels);
}
