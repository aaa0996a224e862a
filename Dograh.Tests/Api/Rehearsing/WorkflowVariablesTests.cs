using System.Text.Json;
using Dograh.Tests.Api.Workflows;
using Dograh.Webhooks.Rendering;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Rehearsing;

/// <summary><c>GET /workflows/{id}/context-variables</c>.</summary>
public sealed class WorkflowVariablesTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task The_names_that_runs_have_held_are_told_with_a_value_of_the_latest()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync();
        await acme.StoreRunAsync(workflow, """{"gathered_context": {"old": "an old one", "said": "no", "gone": "x"}}""");
        await acme.StoreRunAsync(workflow,
            """{"name": "R", "initial_context": {"who": {"name": "Anna", "tags": ["a", {"b": 1}]}}, "gathered_context": {"said": "yes", "n": 1.50, "ok": true, "gone": null, "a b": 1, "x.y": 2, "a|b": 3, "long": "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"}}""");

        var told = await TellAsync(acme, $"workflows/{workflow}/context-variables");

        Assert.Equal(("string", "R"), told["workflow_run_name"]);
        Assert.Equal(("number", $"{workflow}"), told["workflow_id"]);
        Assert.Equal(("string", "After the call"), told["workflow_name"]);
        Assert.Equal(("object", null), told["initial_context"]);
        Assert.Equal(("object", null), told["initial_context.who"]);
        Assert.Equal(("string", "Anna"), told["initial_context.who.name"]);
        Assert.Equal(("array", null), told["initial_context.who.tags"]);
        Assert.Equal(("string", "yes"), told["gathered_context.said"]);
        Assert.Equal(("number", "1.5"), told["gathered_context.n"]);
        Assert.Equal(("boolean", "True"), told["gathered_context.ok"]);
        Assert.Equal(("string", "an old one"), told["gathered_context.old"]);
        Assert.Equal(("string", "x"), told["gathered_context.gone"]);
        Assert.Equal(121, told["gathered_context.long"].Sample!.Length);
        Assert.Equal(("null", null), told["recording_url"]);
        Assert.Contains("current_time", told.Keys);
        Assert.DoesNotContain(told.Keys, name => name.Contains("a b", StringComparison.Ordinal) || name.Contains("x.y", StringComparison.Ordinal) || name.Contains('|', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_name_renders_to_the_value_that_is_told()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync();
        var run = (await acme.StoreRunAsync(workflow, """{"campaign_id": "spring", "gathered_context": {"ü": "ä", "n": 1e3, "deep": {"er": {"still": false}}}}""")).Number("id");

        foreach (var (name, (type, sample)) in await TellAsync(acme, $"workflows/{workflow}/context-variables"))
        {
            if (sample is null || name.StartsWith("current_", StringComparison.Ordinal)) continue;
            var body = DraftPreviewTests.Draft(new { workflow_run_id = run }, Webhook("hook", ("payload_template", $"{{{{{name}}}}}")));
            var shown = (await acme.PostAsync($"workflows/{workflow}/preview", body)).Is(200).Text("requests/0/body");
            Assert.Equal(sample, JsonElement.Parse(shown).GetString());
            Assert.NotEqual("object", type);
        }
    }

    [Fact]
    public async Task A_workflow_without_runs_and_one_that_is_not_saved_have_what_all_have()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync();

        var ofNew = await TellAsync(acme, "workflows/context-variables");
        var ofSaved = await TellAsync(acme, $"workflows/{workflow}/context-variables");

        Assert.Equal(ofNew.Keys, ofSaved.Keys);
        Assert.Equal(
            ["current_time", "current_weekday", "current_time_Europe/Berlin", "workflow_run_id", "workflow_run_name", "workflow_id", "workflow_name", "campaign_id", "call_time",
                "initial_context", "gathered_context", "cost_info", "annotations", "extra", "recording_url", "transcript_url", "user_recording_url", "bot_recording_url"],
            ofNew.Keys);
        (await acme.GetAsync("workflows/999999999/context-variables")).IsProblem(404);
    }

    [Fact]
    public void Whatever_a_run_holds_no_more_is_told_than_can_be_chosen_from()
    {
        var many = new RenderContext(JsonElement.Parse($"{{{string.Join(',', Enumerable.Range(0, 2000).Select(n => $"\"n{n}\": {{\"a\": {n}}}"))}}}"), DateTimeOffset.UnixEpoch);
        var deep = new RenderContext(JsonElement.Parse($"{string.Concat(Enumerable.Repeat("{\"a\":", 50))}1{new string('}', 50)}", new JsonDocumentOptions { MaxDepth = 100 }), DateTimeOffset.UnixEpoch);

        Assert.Equal(ContextVariables.MaxCount, ContextVariables.Of([many]).Count);
        Assert.Equal(6, ContextVariables.Of([deep]).Count(variable => variable.Name.StartsWith('a')));
        Assert.Equal(3, ContextVariables.Of([new RenderContext(JsonElement.Parse("[1]"), DateTimeOffset.UnixEpoch)]).Count);
    }

    private static async Task<Dictionary<string, (string Type, string? Sample)>> TellAsync(ApiCaller caller, string path) =>
        (await caller.GetAsync(path)).Is(200).Items("variables").ToDictionary(item => item.Text("name"), item => (item.Text("type"), item.At("sample").GetString()));
}
