using Dograh.Tests.Api;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;

namespace Dograh.Tests.Cli;

public sealed class TriggerCommandTests(TestServers servers) : CliTest(servers)
{
    [Fact]
    public async Task Each_attempt_is_told_until_all_have_succeeded()
    {
        Receiver.Answers(Reply.Status(503, "busy"), Reply.Ok);
        var workflow = await AddWorkflowAsync(("payload_template", GivenWorkflows.Raw("""{"who": "{{initial_context.first_name}}", "agreed": "{{gathered_context.agreed}}"}""")));
        await StartWorkerAsync();

        var shown = (await Cli.RunAsync("trigger", $"{workflow}", "--context", """{"agreed": "no"}""")).Is(0);

        Assert.All((string[])["hook: attempt 1 HTTP 503: busy in ", "hook: attempt 2 200 in ", "hook: succeeded after 2 attempts", "1 of 1 succeeded."], part => Assert.Contains(part, shown.Output, StringComparison.Ordinal));
        Assert.Contains("\"who\":\"Ana\",\"agreed\":\"no\"", Receiver.Requests[1].Text.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dead_letter_and_a_node_that_cannot_be_sent_are_failures()
    {
        Receiver.Answers(400);
        var workflow = await Acme.AddWorkflowAsync(
            GivenWorkflows.Webhook("dead", ("endpoint_url", Receiver.Url.AbsoluteUri)), GivenWorkflows.Webhook("off", ("enabled", false)),
            GivenWorkflows.Webhook("invalid", ("endpoint_url", "https://receiver.example/{{initial_context.nothing}}")));
        await StartWorkerAsync();

        var result = await Cli.RunAsync("trigger", $"{workflow}", "--json");

        Assert.Equal(["attempt", "ended", "done"], result.Is(1).Lines.Select(line => System.Text.Json.JsonElement.Parse(line).Text("event")));
        var done = System.Text.Json.JsonElement.Parse(result.Lines[^1]);
        Assert.Equal((1, 0, 1), (done.Number("deliveries"), done.Number("succeeded"), done.Number("invalid")));
        Assert.Equal("dead_letter", System.Text.Json.JsonElement.Parse(result.Lines[1]).Text("status"));
    }

    [Fact]
    public async Task Without_a_worker_it_gives_up_after_a_while_and_says_where_to_look()
    {
        var workflow = await AddWorkflowAsync();

        var result = await Cli.RunAsync("trigger", $"{workflow}", "--timeout", "200ms");

        Assert.Contains("dograh doctor", result.Is(1).Error, StringComparison.Ordinal);
        (await Cli.RunAsync("trigger", "4711")).Is(4);
        (await Cli.RunAsync("trigger", $"{workflow}", "--context", "[]")).Is(2);
        (await Cli.RunAsync("trigger", $"{workflow}", "--timeout", "soon")).Is(2);
    }

    [Fact]
    public async Task Ctrl_C_ends_it()
    {
        var workflow = await AddWorkflowAsync();
        await using var trigger = Cli.StartInTerminal("trigger", $"{workflow}");
        await trigger.ShowsAsync("waits for");

        await trigger.TypeAsync("\u0003");

        (await trigger.EndAsync()).Is(130);
    }
}
