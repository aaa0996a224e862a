using Dograh.Tests.Api.Workflows;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Runs;

/// <summary><c>GET /workflows/{id}/runs</c>.</summary>
public sealed class RunListTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task A_workflows_runs_are_listed_newest_first_in_a_line_each()
    {
        var acme = await Api.NewOrganizationAsync();
        var (workflow, other) = (await acme.AddWorkflowAsync(Webhook()), await acme.AddWorkflowAsync());
        await acme.StartRunAsync(other);
        var running = await acme.StartRunAsync(workflow, new { name = "first" });
        (await acme.PutAsync($"workflows/{workflow}", Workflow(Webhook()))).Is(200);
        var completed = (await acme.StoreRunAsync(workflow, new { name = "second", gathered_context = new { said = "yes" } })).Number("id");

        var items = (await acme.GetAsync($"workflows/{workflow}/runs")).Is(200).Items();

        Assert.Equal([(completed, 2, "second", "completed"), (running, 1, "first", "running")], items.Select(item => (item.Number("id"), (int)item.Number("version"), item.Text("name"), item.Text("status"))));
        Assert.Equal(["id", "name", "version", "status", "created_at", "completed_at"], items[0].Names());
        Assert.Equal((false, true), (items[0].IsNull("completed_at"), items[1].IsNull("completed_at")));
        Assert.Equal(items[0].Text("completed_at"), (await acme.GetAsync($"workflow-runs/{completed}")).Is(200).Text("completed_at"));
    }

    [Fact]
    public async Task Pages_follow_one_another_whatever_comes_in_between()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync();
        var runs = new List<long>();
        for (var n = 0; n < 5; n++) runs.Add(await acme.StartRunAsync(workflow));

        var seen = new List<long>();
        var path = $"workflows/{workflow}/runs?limit=2";
        for (string? cursor = ""; cursor is not null;)
        {
            var page = (await acme.GetAsync(cursor.Length == 0 ? path : $"{path}&cursor={cursor}")).Is(200);
            seen.AddRange(page.Items().Select(item => item.Number("id")));
            cursor = page.At("next_cursor").GetString();
            await acme.StartRunAsync(workflow);
        }

        Assert.Equal(Enumerable.Reverse(runs), seen);
        (await acme.GetAsync($"{path}&cursor=x")).Blames("cursor");
    }

    [Fact]
    public async Task A_workflow_without_runs_has_an_empty_list_and_an_unknown_one_none()
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.GetAsync($"workflows/{await acme.AddWorkflowAsync()}/runs")).Is(200).Matches("""{"items": [], "next_cursor": null}""");
        (await acme.GetAsync("workflows/999999999/runs")).IsProblem(404);
    }
}
