using System.Text.Json;
using System.Text.Json.Nodes;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Workflows;

public sealed class WorkflowsApiTests(ApiFixture fixture) : ApiTest(fixture)
{
    private static readonly string[] Fields = ["id", "name", "version", "workflow_definition", "created_at", "updated_at", "warnings"];

    [Fact]
    public async Task A_saved_workflow_is_version_1_and_reads_as_it_was_answered()
    {
        var acme = await Api.NewOrganizationAsync();

        var saved = (await acme.PostAsync("workflows", Workflow(Webhook()))).Is(201);

        Assert.Equal(Fields, saved.Names());
        Assert.Equal(("After the call", 1), (saved.Text("name"), saved.Number("version")));
        Assert.Empty(saved.Items("warnings"));
        saved.At("workflow_definition").Matches(
            $$"""{"nodes": [{"id": "hook", "type": "webhook", "data": {"name": "Webhook hook", "endpoint_url": "{{Url}}"} }], "edges": []}""");
        Assert.Equal(saved.ToString(), (await acme.GetAsync($"workflows/{saved.Number("id")}")).Is(200).ToString());
        Assert.Equal(saved.ToString(), (await acme.GetAsync("workflows")).Is(200).At("items/0").ToString());
    }

    [Fact]
    public async Task Saving_again_makes_the_next_version_and_keeps_the_rest()
    {
        var acme = await Api.NewOrganizationAsync();
        var first = (await acme.PostAsync("workflows", Named("one", Webhook()))).Is(201);
        var path = $"workflows/{first.Number("id")}";

        var second = (await acme.PutAsync(path, Named("two", Webhook("other")))).Is(200);
        var third = (await acme.PutAsync(path, Named("three"))).Is(200);

        Assert.Equal(Fields, second.Names());
        Assert.Equal((first.Number("id"), "two", 2, first.Text("created_at")), (second.Number("id"), second.Text("name"), second.Number("version"), second.Text("created_at")));
        Assert.Equal("other", second.Text("workflow_definition/nodes/0/id"));
        Assert.Equal(3, third.Number("version"));
        Assert.Equal(third.ToString(), (await acme.GetAsync(path)).Is(200).ToString());
        Assert.Equal(third.ToString(), Assert.Single((await acme.GetAsync("workflows")).Is(200).Items()).ToString());
        Assert.Equal([1, 2, 3], await Database.ColumnAsync<int>("SELECT version FROM workflow_definitions WHERE organization_id = $1 ORDER BY 1", acme.Id));
    }

    [Fact]
    public async Task Of_those_who_save_at_once_each_makes_a_version_of_its_own()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => acme.PutAsync($"workflows/{workflow}", Workflow())));

        Assert.Equal([2, 3, 4, 5, 6, 7], answers.Select(answer => answer.Is(200).Number("version")).Order());
    }

    [Fact]
    public async Task A_refused_save_leaves_the_version_as_it_was()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());
        var before = await Database.DumpAsync(acme.Id);

        (await acme.PutAsync($"workflows/{workflow}", Named("", Webhook("")))).Blames("name", "/workflow_definition/nodes/0/id");
        (await acme.PutAsync($"workflows/{workflow}", "{}")).Blames("name", "/workflow_definition");

        Assert.Equal(before, await Database.DumpAsync(acme.Id));
    }

    [Fact]
    public async Task What_is_not_a_webhook_is_kept_as_it_was_written()
    {
        var acme = await Api.NewOrganizationAsync();
        const string Definition =
            """{"zoom":1.50,"nodes":[{"type":"start","id":7,"z":1,"a":[1.0,1e2,-0,12345678901234567890123,0.1000],"data":{"webhook":{"endpoint_url":5}}},5,null,"text",{"type":"Webhook"},{"type":null},{},{"type":["webhook"]}],"edges":[{"source":"a","target":"b","ü":"😀 </script> \\ \" \n"}],"viewport":{"b":true,"a":null}}""";

        var workflow = (await acme.PostAsync("workflows", $$"""{"workflow_definition": {{Definition}}, "name": "x"}""")).Is(201).Number("id");

        Assert.Equal(Definition, await Database.ScalarAsync<string>("SELECT definition::text FROM workflow_definitions WHERE workflow_id = $1", workflow));
        (await acme.GetAsync($"workflows/{workflow}")).Is(200).At("workflow_definition").Matches(Definition);
    }

    [Fact]
    public async Task Edges_may_be_missing_and_what_a_node_may_leave_out_may_be_null()
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("workflows", """{"name": "x", "workflow_definition": {"nodes": []}}""")).Is(201);
        await acme.AddWorkflowAsync(Webhook(
            "hook", ("enabled", null), ("http_method", null), ("credential_uuid", null), ("custom_headers", null), ("payload_template", null), ("retry_config", null)));
        await acme.AddWorkflowAsync(Webhook(
            "hook", ("retry_config", Raw("""{"max_attempts": null, "base_delay_seconds": null, "max_delay_seconds": null, "timeout_seconds": null}"""))));
    }

    [Fact]
    public async Task Secret_looking_headers_lose_their_values_and_everything_else_stays()
    {
        var acme = await Api.NewOrganizationAsync();
        const string Nodes =
            """[{"z":1.0,"type":"webhook","id":"hook","data":{"custom_headers":[{"value":"abcdefgh-1","key":"Authorization","note":1},{"key":"X-Source","value":"dograh"},{"key":"X-CSRF-Token","value":"abcdefgh-2"},{"key":"X-Idempotency-Key","value":"kept"},{"key":"Set-Cookie"},{"key":"My-Secret","value":null},{"key":"X-Api-Key","value":"{{abcdefgh-3}}"}],"name":"n","endpoint_url":"https://a.example/"}}]""";

        var saved = (await acme.PostAsync("workflows", $$$"""{"name": "x", "workflow_definition": {"nodes": {{{Nodes}}}, "edges": []} }""")).Is(201);

        var kept = Nodes.Replace("\"abcdefgh-1\"", "null", StringComparison.Ordinal).Replace("\"abcdefgh-2\"", "null", StringComparison.Ordinal).Replace("\"{{abcdefgh-3}}\"", "null", StringComparison.Ordinal);
        Assert.Equal(kept, saved.At("workflow_definition/nodes").GetRawText());
        Assert.Equal(kept, (await acme.GetAsync($"workflows/{saved.Number("id")}")).Is(200).At("workflow_definition/nodes").GetRawText());
        Assert.DoesNotContain("abcdefgh", await Database.DumpAsync(acme.Id), StringComparison.Ordinal);
        var warnings = saved.Items("warnings").Select(warning => warning.GetString()!).ToList();
        foreach (var name in (string[])["Authorization", "X-CSRF-Token", "Set-Cookie", "My-Secret", "X-Api-Key"])
        {
            Assert.Contains(warnings, warning => warning.Contains($"'{name}'", StringComparison.Ordinal));
        }

        Assert.DoesNotContain(warnings, warning => warning.Contains("X-Source", StringComparison.Ordinal) || warning.Contains("X-Idempotency-Key", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_secret_is_taken_out_and_what_others_name_twice_is_kept()
    {
        var acme = await Api.NewOrganizationAsync();
        const string Before = """{"a":1,"a":2,"nodes":[{"type":"other","a":1,"a":2,"é":"😀"},{"id":"hook","type":"webhook","a":1,"a":2,"data":{"custom_headers":[{"key":"token","value":""";
        const string After = ""","a":1,"a":2}],"name":"n","endpoint_url":"https://a.example/","payload_template":{"a":1,"a":2}}}]}""";

        var saved = (await acme.PostAsync("workflows", $$"""{"name": "x", "workflow_definition": {{Before}}"abcdefgh"{{After}} }""")).Is(201);

        Assert.Equal($"{Before}null{After}", await Database.ScalarAsync<string>("SELECT definition::text FROM workflow_definitions WHERE organization_id = $1", acme.Id));
        var outcome = await acme.StoreRunAsync(saved.Number("id"));
        (await acme.GetAsync($"deliveries/{outcome.Text("deliveries/0/delivery_id")}")).Is(200).At("payload").Matches("""{"a":2,"call_disposition":""}""");
    }

    // Of two members of one name one would be checked and the other kept, with whatever secret it holds.
    [Theory]
    [InlineData("""{"nodes": [NODE], "nodes": []}""", "/workflow_definition/nodes")]
    [InlineData("""{"nodes": [{"type": "webhook", "type": "other", "id": "a", "data": DATA}]}""", "/workflow_definition/nodes/0/type")]
    [InlineData("""{"nodes": [{"type": "other", "type": "webhook", "id": "a", "data": DATA}]}""", "/workflow_definition/nodes/0/type")]
    [InlineData("""{"nodes": [{"type": "webhook", "id": "a", "data": DATA, "data": DATA}]}""", "/workflow_definition/nodes/0/data")]
    [InlineData("""{"nodes": [{"type": "webhook", "id": "a", "data": {"custom_headers": [HEADER], "custom_headers": [], "name": "n", "endpoint_url": "https://a.example/"}}]}""",
        "/workflow_definition/nodes/0/data/custom_headers")]
    [InlineData("""{"nodes": [{"type": "webhook", "id": "a", "data": {"custom_headers": [{"key": "token", "key": "X-A", "value": "abcdefgh"}], "name": "n", "endpoint_url": "https://a.example/"}}]}""",
        "/workflow_definition/nodes/0/data/custom_headers/0/key")]
    [InlineData("""{"nodes": [{"type": "webhook", "id": "a", "data": {"custom_headers": [{"key": "token", "value": "abcdefgh", "value": null}], "name": "n", "endpoint_url": "https://a.example/"}}]}""",
        "/workflow_definition/nodes/0/data/custom_headers/0/value")]
    public async Task A_member_that_is_checked_cannot_be_named_twice(string definition, string pointer)
    {
        var acme = await Api.NewOrganizationAsync();
        const string Header = """{"key": "token", "value": "abcdefgh"}""";
        const string Data = $$"""{"custom_headers": [{{Header}}], "name": "n", "endpoint_url": "https://a.example/"}""";
        definition = definition.Replace("NODE", $$"""{"type": "webhook", "id": "a", "data": {{Data}} }""", StringComparison.Ordinal)
            .Replace("DATA", Data, StringComparison.Ordinal).Replace("HEADER", Header, StringComparison.Ordinal);

        (await acme.PostAsync("workflows", $$"""{"name": "x", "workflow_definition": {{definition}} }""")).Blames(pointer);
    }

    [Theory]
    [InlineData("Content-Type")]
    [InlineData("user-agent")]
    [InlineData("X-Dograh-Delivery-Id")]
    [InlineData("Host")]
    public async Task A_header_that_every_delivery_sets_itself_is_warned_of(string name)
    {
        var acme = await Api.NewOrganizationAsync();

        var saved = (await acme.PostAsync("workflows", Workflow(Webhook("hook", ("custom_headers", new JsonArray(Header(name, "v"))))))).Is(201);

        Assert.Contains(name, Assert.Single(saved.Items("warnings")).GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Saving_again_what_was_answered_is_accepted()
    {
        var acme = await Api.NewOrganizationAsync();
        var saved = (await acme.PostAsync("workflows", Workflow(Webhook("hook", ("custom_headers", new JsonArray(Header("Authorization", "x"))))))).Is(201);

        var again = (await acme.PutAsync($"workflows/{saved.Number("id")}", saved.ToString())).Is(200);

        Assert.Equal(saved.At("workflow_definition").ToString(), again.At("workflow_definition").ToString());
    }

    [Fact]
    public async Task Every_attempt_setting_of_a_node_is_frozen_on_its_deliveries_and_the_others_come_from_the_settings()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(
            Webhook("all", ("retry_config", Raw("""{"max_attempts": 20, "base_delay_seconds": 0.5, "max_delay_seconds": 86400, "timeout_seconds": 1}"""))),
            Webhook("none"),
            Webhook("zero", ("retry_config", Raw("""{"max_attempts": 1.0, "base_delay_seconds": 0, "max_delay_seconds": 0, "timeout_seconds": 60.0}"""))));

        await acme.StoreRunAsync(workflow);

        Assert.Equal(
            ["all 20 20 0.5 86400 1", "none 5 5 0.05 600 30", "zero 1 1 0 0 60"],
            await Database.ColumnAsync<string>(
                """
                SELECT concat_ws(' ', webhook_node_id, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds)
                FROM webhook_deliveries WHERE organization_id = $1 ORDER BY id
                """,
                acme.Id));
    }

    [Fact]
    public async Task A_name_may_be_anything_that_can_be_read()
    {
        var acme = await Api.NewOrganizationAsync();
        const string Name = "  Ünï 🙂 <b>&amp;</b> '; DROP TABLE workflows; --\n";

        var saved = (await acme.PostAsync("workflows", JsonSerializer.Serialize(new { name = Name, workflow_definition = new { nodes = Array.Empty<int>() } }))).Is(201);

        Assert.Equal(Name, saved.Text("name"));
    }
}
