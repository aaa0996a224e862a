using Dograh.Tests.Api;
using Dograh.Tests.Support;

namespace Dograh.Tests.Cli;

public sealed class StatusCommandTests(TestServers servers) : CliTest(servers)
{
    [Fact]
    public async Task It_tells_what_was_delivered_what_failed_and_whose_circuit_is_open()
    {
        Receiver.Answers(200, 400);
        var workflow = await AddWorkflowAsync();
        await StartWorkerAsync(("WebhookDelivery:Concurrency", 1));
        await ReachesAsync(await AddDeliveryAsync(workflow), "succeeded");
        await ReachesAsync(await AddDeliveryAsync(workflow), "dead_letter");

        var shown = (await Cli.RunAsync("status", "--window", "5m")).Is(0);
        var json = (await Cli.RunAsync("status", "--window", "5m", "--json")).Is(0).Json();

        Assert.Contains("1 succeeded, 0 pending, 1 dead letter, 0 cancelled", shown.Output, StringComparison.Ordinal);
        Assert.Equal(["127.0.0.1", "2", "50 %"], shown.Lines[^1].Split('\t')[..3]);
        Assert.Equal((1, "127.0.0.1"), (json.Number("deliveries/dead_letter"), json.Text("endpoints/0/host")));
        Assert.Contains("30d", (await Cli.RunAsync("status", "--window", "2h")).Is(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watched_it_shows_what_happens_until_it_is_interrupted_and_leaves_the_terminal_as_it_was()
    {
        var workflow = await AddWorkflowAsync();
        await using var status = Cli.StartInTerminal("status", "--watch", "--interval", "100ms");
        await status.ShowsAsync("0 pending");

        await AddDeliveryAsync(workflow);
        await status.ShowsAsync("1 pending");
        await status.TypeAsync("\u0003");
        var ended = (await status.EndAsync()).Is(130);

        // Shown again after it was hidden.
        Assert.True(ended.Output.LastIndexOf("\u001b[?25h", StringComparison.Ordinal) > ended.Output.LastIndexOf("\u001b[?25l", StringComparison.Ordinal));
        Assert.DoesNotContain("Exception", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watched_as_JSON_each_look_is_a_line()
    {
        await using var status = Cli.Start("status", "--watch", "--interval", "50ms", "--json");
        await Eventually.TrueAsync(() => status.Events.Count >= 2);

        var ended = (await status.InterruptAsync()).Is(130);

        Assert.All(status.Events, look => Assert.Equal("1h", look.Text("window")));
        Assert.Empty(ended.Error);
    }

    [Fact]
    public async Task Whoever_watches_sees_the_server_go()
    {
        await using var status = Cli.StartInTerminal("status", "--watch", "--interval", "100ms");
        await status.ShowsAsync("0 pending");

        await Api.DisposeAsync();

        await status.ShowsAsync("Trying again");
    }
}
