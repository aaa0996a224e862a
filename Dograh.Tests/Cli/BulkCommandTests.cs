using Dograh.Tests.Api;
using Dograh.Tests.Support;

namespace Dograh.Tests.Cli;

/// <summary>What is done to all deliveries that match.</summary>
public sealed class BulkCommandTests(TestServers servers) : CliTest(servers)
{
    [Fact]
    public async Task A_terminal_is_asked_how_many_it_says_and_a_no_changes_nothing()
    {
        var workflow = await AddWorkflowAsync();
        await StoreAsync(workflow, 3);

        await using var no = Cli.StartInTerminal("deliveries", "cancel", "--workflow", $"{workflow}");
        await no.ShowsAsync("Cancel 3 deliveries that are pending?");
        await no.TypeAsync("n\r");
        (await no.EndAsync()).Is(1);
        Assert.Equal(3, await CountAsync("pending"));

        await using var yes = Cli.StartInTerminal("deliveries", "cancel", "--workflow", $"{workflow}");
        await yes.ShowsAsync("Cancel 3 deliveries that are pending?");
        await yes.TypeAsync("y\r");
        Assert.Contains("3 deliveries cancelled.", (await yes.EndAsync()).Is(0).Output, StringComparison.Ordinal);
        Assert.Equal(3, await CountAsync("cancelled"));
    }

    [Fact]
    public async Task A_script_says_yes_or_nothing_is_done()
    {
        var workflow = await AddWorkflowAsync();
        await StoreAsync(workflow, 2);

        var unsaid = await Cli.RunAsync("deliveries", "cancel", "--status", "pending");
        Assert.Contains("--yes", unsaid.Is(2).Error, StringComparison.Ordinal);
        Assert.Equal(2, await CountAsync("pending"));

        var cancelled = (await Cli.RunAsync("deliveries", "cancel", "--status", "pending", "--yes", "--json")).Is(0);
        var replayed = (await Cli.RunAsync("deliveries", "replay", "--status", "cancelled", "--node", "hook", "--yes")).Is(0);
        var none = (await Cli.RunAsync("deliveries", "replay", "--status", "cancelled", "--json")).Is(0);

        Assert.Equal((2, 2), (cancelled.Json().Number("matched"), cancelled.Json().Number("cancelled")));
        Assert.Equal("2 deliveries replayed.\n", replayed.Output);
        Assert.Equal((0, 0), (none.Json().Number("matched"), none.Json().Number("replayed")));
        Assert.Equal(2, await CountAsync("pending"));
    }

    [Fact]
    public async Task More_than_a_part_are_done_with_a_bar_for_who_looks()
    {
        var workflow = await AddWorkflowAsync();
        for (var i = 0; i < 5; i++) await StoreAsync(workflow, 450);

        await using var cancel = Cli.StartInTerminal("deliveries", "cancel", "--workflow", $"{workflow}", "--yes");
        var shown = (await cancel.EndAsync()).Is(0).Output;

        Assert.Contains("Cancelling", shown, StringComparison.Ordinal);
        Assert.Contains("2,250 deliveries cancelled.", shown, StringComparison.Ordinal);
        Assert.Equal(2250, await CountAsync("cancelled"));
    }

    [Theory]
    [InlineData("deliveries", "replay")]
    [InlineData("deliveries", "replay", "--workflow", "1")]
    [InlineData("deliveries", "replay", "--status", "pending", "--yes")]
    [InlineData("deliveries", "replay", "00000000-0000-0000-0000-000000000001", "--status", "dead_letter")]
    [InlineData("deliveries", "replay", "17")]
    [InlineData("deliveries", "cancel", "00000000-0000-0000-0000-000000000001", "nonsense")]
    [InlineData("deliveries", "cancel")]
    [InlineData("dead-letters", "replay")]
    [InlineData("dead-letters", "replay", "--all", "--host", "crm.example")]
    public async Task What_it_is_done_to_must_be_said(params string[] arguments)
    {
        await StoreAsync(await AddWorkflowAsync(), 1);

        (await Cli.RunAsync(arguments)).Is(2);

        Assert.Equal(1, await CountAsync("pending"));
    }

    [Fact]
    public async Task Dead_letters_are_shown_by_receiver_and_cause_and_a_group_is_replayed()
    {
        Receiver.Answers(request => request.Path == "/gone" ? Reply.Status(410) : Reply.Status(401));
        var first = await AddWorkflowAsync();
        var second = await AddWorkflowAsync(("endpoint_url", Receiver.At("/gone").AbsoluteUri));
        await StoreAsync(first, 3);
        await StoreAsync(second, 1);
        await using (await TestWorker.StartAsync(Database, Redis.ConnectionString))
        {
            await Eventually.TrueAsync(async () => await CountAsync("dead_letter") == 4);
        }

        var shown = (await Cli.RunAsync("dead-letters")).Is(0);
        var json = (await Cli.RunAsync("dead-letters", "--json")).Is(0).Json();
        var replayed = (await Cli.RunAsync("dead-letters", "replay", "--host", "127.0.0.1", "--cause", "HTTP 401", "--yes")).Is(0);

        Assert.Equal(["3\tHTTP 401\t127.0.0.1", "1\tHTTP 410\t127.0.0.1"], shown.Lines.Select(line => string.Join('\t', line.Split('\t')[..3])));
        Assert.Equal((3, "HTTP 401"), (json.Number("items/0/count"), json.Text("items/0/cause")));
        Assert.Equal("3 deliveries replayed.\n", replayed.Output);
        Assert.Equal((1, 3), (await CountAsync("dead_letter"), await CountAsync("pending")));
        Assert.Single((await Cli.RunAsync("deliveries", "list", "--status", "dead_letter", "--status-code", "410")).Is(0).Lines);
        Assert.Single((await Cli.RunAsync("deliveries", "list", "--error", "http 410")).Is(0).Lines);
    }

    private async Task StoreAsync(long workflow, int runs) =>
        (await Acme.PostAsync($"workflows/{workflow}/completed-runs/batch", $$"""{"runs": [{{string.Join(", ", Enumerable.Repeat("{}", runs))}}]}""")).Is(207);

    private Task<long> CountAsync(string status) => Database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE status::text = $1", status);
}
