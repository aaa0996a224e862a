using System.Text.Json;
using System.Text.Json.Nodes;
using Dograh.Tests.Api.Workflows;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Rehearsing;

/// <summary>Previews of what is not saved yet, and for runs that were.</summary>
public sealed class DraftPreviewTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task A_draft_is_shown_in_the_place_of_what_is_saved_and_saves_nothing()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("saved"));
        var before = await Database.DumpAsync(acme.Id);

        var preview = (await acme.PostAsync($"workflows/{workflow}/preview", Draft(
            new { workflow_name = "Renamed", gathered_context = new { q = "x" } },
            Webhook("draft", ("endpoint_url", "https://a.example/{{gathered_context.q}}/{{workflow_id}}"), ("payload_template", Raw("""{"w": "{{workflow_name}}"}""")))))).Is(200);

        var request = Assert.Single(preview.Items("requests"));
        Assert.Equal(("draft", "would_send", $"https://a.example/x/{workflow}"), (request.Text("webhook_node_id"), request.Text("outcome"), request.Text("url")));
        Assert.Equal("""{"w":"Renamed","call_disposition":""}""", request.Text("body"));
        Assert.Empty(request.Items("missing_variables"));
        Assert.Equal(before, await Database.DumpAsync(acme.Id));
    }

    [Fact]
    public async Task A_workflow_that_is_not_saved_at_all_is_shown_too()
    {
        var acme = await Api.NewOrganizationAsync();

        var preview = (await acme.PostAsync("workflows/preview", Draft(new { workflow_name = "New" }, Webhook("hook", ("payload_template", Raw("""["{{workflow_id}} {{workflow_name}}"]""")))))).Is(200);

        Assert.Equal("""["0 New"]""", preview.Text("requests/0/body"));
        (await acme.PostAsync("workflows/preview", "{}")).Blames("/workflow_definition");
    }

    [Fact]
    public async Task A_drafts_faults_are_told_at_their_fields_as_saving_tells_them()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync();
        JsonNode[] nodes = [Webhook("hook", ("endpoint_url", "receiver"), ("credential_uuid", Guid.Empty.ToString()), ("custom_headers", new JsonArray(Header("a b", "x")))), Webhook("hook", ("name", ""))];

        var saving = await acme.PutAsync($"workflows/{workflow}", Workflow([.. nodes.Select(node => node.DeepClone())]));
        foreach (var path in (string[])[$"workflows/{workflow}/preview", "workflows/preview", $"workflows/{workflow}/test", "workflows/test"])
        {
            var looking = await acme.PostAsync(path, Draft(new { webhook_node_id = "hook" }, [.. nodes.Select(node => node.DeepClone())]));

            Assert.Equal(saving.IsProblem(422).At("errors").ToString(), looking.IsProblem(422).At("errors").ToString());
        }

        Assert.Equal(5, saving.Json.At("errors").Names().Count);
    }

    [Fact]
    public async Task A_past_runs_call_is_taken_in_the_place_of_the_bodys()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("payload_template", Raw(
            """{"id": "{{workflow_run_id}}", "name": "{{workflow_run_name}}", "at": "{{call_time}}", "campaign": "{{campaign_id}}", "who": "{{initial_context.who}}", "said": "{{gathered_context.said}}", "cost": "{{cost_info.total}}", "note": "{{annotations.note}}", "more": "{{extra.more}}", "wav": "{{recording_url}}"}"""))));
        var run = (await acme.StoreRunAsync(workflow,
            """{"name": "R", "campaign_id": 7, "initial_context": {"who": "Anna"}, "gathered_context": {"said": "yes"}, "usage_info": {"total": 0.10}, "annotations": {"note": "n"}, "extra": {"more": "m"}, "recording_url": "https://files.example/1.wav"}"""));
        var sent = (await acme.GetAsync($"deliveries/{run.Text("deliveries/0/delivery_id")}")).Is(200).At("payload").GetRawText();

        var shown = (await acme.PostAsync($"workflows/{workflow}/preview", $$"""{"workflow_run_id": {{run.Number("id")}}, "gathered_context": {"said": "no"}, "name": "another"}""")).Is(200).At("requests/0");

        Assert.Equal(sent, shown.Text("body"));
        Assert.Equal($"{run.Number("id")}", shown.Text("headers/X-Dograh-Workflow-Run-Id"));
        Assert.Empty(shown.Items("missing_variables"));
    }

    [Fact]
    public async Task A_run_that_goes_on_has_what_it_was_started_with()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("payload_template", Raw("""{"who": "{{initial_context.who}}", "said": "{{gathered_context.said}}"}"""))));
        var run = await acme.StartRunAsync(workflow, """{"initial_context": {"who": "Anna"}}""");

        var shown = (await acme.PostAsync($"workflows/{workflow}/preview", new { workflow_run_id = run })).Is(200).At("requests/0");

        Assert.Equal("""{"who":"Anna","said":"","call_disposition":""}""", shown.Text("body"));
        Assert.Equal("""["gathered_context.said"]""", shown.At("missing_variables").ToString());
    }

    [Fact]
    public async Task What_is_missing_is_told_for_the_url_the_headers_and_the_payload()
    {
        var acme = await Api.NewOrganizationAsync();
        var node = Webhook(
            "hook", ("endpoint_url", "https://a.example/{{ gathered_context.b }}/{{gathered_context.a}}"),
            ("custom_headers", new JsonArray(Header("X-A", "{{gathered_context.c}} {{gathered_context.ok}} {{current_time}}"))),
            ("payload_template", Raw("""{"{{gathered_context.d}}": ["{{gathered_context.a}}", {"x": "{{gathered_context.e | fallback:none}} {{gathered_context.null}} {{initial_context}}"}], "y": 1}""")));

        var shown = (await acme.PostAsync("workflows/preview", Draft(new { gathered_context = new { ok = "", @null = (string?)null } }, node))).Is(200).At("requests/0");

        Assert.Equal("""["gathered_context.b","gathered_context.a","gathered_context.c","gathered_context.d","gathered_context.null"]""", shown.At("missing_variables").ToString());
        Assert.Equal("invalid", shown.Text("outcome"));
    }

    [Fact]
    public async Task Without_a_draft_or_a_run_nothing_is_told_that_was_not_told_before()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());

        var shown = (await acme.PostAsync($"workflows/{workflow}/preview", """{"workflow_definition": null, "workflow_run_id": null}""")).Is(200).At("requests/0");

        Assert.Equal(["webhook_node_id", "webhook_name", "outcome", "reason", "method", "url", "headers", "body", "dropped_headers"], shown.Names());
    }

    [Fact]
    public async Task Another_workflows_or_organizations_run_answers_as_one_that_never_existed()
    {
        var acme = await Api.NewOrganizationAsync();
        var stranger = await Api.NewOrganizationAsync("Stranger");
        var (mine, other, theirs) = (await acme.AddWorkflowAsync(Webhook()), await acme.AddWorkflowAsync(Webhook()), await stranger.AddWorkflowAsync(Webhook()));
        var (otherRun, theirRun) = (await acme.StartRunAsync(other), await stranger.StartRunAsync(theirs));

        foreach (var run in (long[])[otherRun, theirRun, 999999999])
        {
            foreach (var path in (string[])["preview", "test"])
            {
                var refused = (await acme.PostAsync($"workflows/{mine}/{path}", new { workflow_run_id = run, webhook_node_id = "hook" })).Blames("workflow_run_id");
                Assert.Equal($"there is no run {run} of this workflow", refused.Text("errors/workflow_run_id/0"));
            }
        }

        // A workflow that is not saved yet has no runs of its own: any of the organization's will do.
        (await acme.PostAsync("workflows/preview", Draft(new { workflow_run_id = otherRun }, Webhook()))).Is(200);
        (await acme.PostAsync("workflows/preview", Draft(new { workflow_run_id = theirRun }, Webhook()))).Blames("workflow_run_id");
    }

    [Fact]
    public async Task Only_a_key_that_may_look_at_runs_is_shown_what_one_held()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());
        var run = await acme.StartRunAsync(workflow);
        var caller = Api.WithKey((await acme.PostAsync("api-keys", new { name = "x", scopes = (string[])["workflows:read", "credentials:write"] })).Is(201).Text("api_key"));

        (await caller.PostAsync($"workflows/{workflow}/preview")).Is(200);
        foreach (var path in (string[])["preview", "test"])
        {
            Assert.Equal(
                "This key lacks the scope 'runs:read', which workflow_run_id needs.",
                (await caller.PostAsync($"workflows/{workflow}/{path}", new { workflow_run_id = run, webhook_node_id = "hook" })).IsProblem(403).Text("detail"));
        }
    }

    /// <summary>A body with a draft of these nodes.</summary>
    internal static JsonObject Draft(object members, params JsonNode[] nodes)
    {
        var body = JsonSerializer.SerializeToNode(members)!.AsObject();
        body["workflow_definition"] = Workflow(nodes)["workflow_definition"]!.DeepClone();
        return body;
    }
}
