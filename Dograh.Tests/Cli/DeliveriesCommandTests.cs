using Dograh.Tests.Api;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;

namespace Dograh.Tests.Cli;

public sealed class DeliveriesCommandTests(TestServers servers) : CliTest(servers)
{
    [Fact]
    public async Task The_list_is_filtered_and_as_long_as_asked_for_as_lines_of_values_or_as_JSON()
    {
        var workflow = await AddWorkflowAsync();
        var other = await AddWorkflowAsync(("endpoint_url", "https://other.example/"));
        var first = await AddDeliveryAsync(workflow);
        var second = await AddDeliveryAsync(workflow);
        await AddDeliveryAsync(other);
        (await Acme.PostAsync($"deliveries/{first}/cancel")).Is(202);

        var all = (await Cli.RunAsync("deliveries", "list")).Is(0);
        var filtered = (await Cli.RunAsync("deliveries", "list", "--workflow", $"{workflow}", "--status", "cancelled", "--host", "127.0.0.1", "--node", "hook", "--since", "1h")).Is(0);
        var one = (await Cli.RunAsync("deliveries", "list", "--workflow", $"{workflow}", "-n", "1", "--json")).Is(0).Json();

        Assert.Equal(3, all.Lines.Length);
        Assert.All(all.Lines, line => Assert.Equal(6, line.Split('\t').Length));
        Assert.Equal([$"{first}", "cancelled", "0/5", "–", "127.0.0.1"], filtered.Lines.Single().Split('\t')[..5]);
        Assert.Equal(second, one.At("items").EnumerateArray().Single().Uuid("id"));
        Assert.Empty((await Cli.RunAsync("deliveries", "list", "--until", "2000-01-01")).Is(0).Output);
    }

    [Fact]
    public async Task More_than_a_page_are_listed_and_head_ends_it()
    {
        var workflow = await AddWorkflowAsync();
        (await Acme.PostAsync($"workflows/{workflow}/completed-runs/batch", $$"""{"runs": [{{string.Join(", ", Enumerable.Repeat("{}", 450))}}]}""")).Is(207);

        var all = (await Cli.RunAsync("deliveries", "list", "-n", "0")).Is(0);
        await using var head = Cli.StartInTerminal(80, "bash", ["-c", $"set -o pipefail; dotnet exec {CliProgram.Assembly} deliveries list -n 0 | head -1"]);

        Assert.Equal(450, all.Lines.Select(line => line.Split('\t')[0]).Distinct().Count());
        (await head.EndAsync()).Is(0);
    }

    [Fact]
    public async Task In_a_terminal_the_list_fits_into_80_columns_and_ids_are_whole()
    {
        var workflow = await AddWorkflowAsync(("endpoint_url", $"https://{new string('a', 60)}.example/"));
        var delivery = await AddDeliveryAsync(workflow);

        await using var list = Cli.StartInTerminal("deliveries", "list");
        var shown = (await list.EndAsync()).Is(0).Output;

        var lines = Terminal.Plain(shown).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd()).ToList();
        Assert.Equal(2, lines.Count);
        Assert.Contains($"{delivery}", lines[1], StringComparison.Ordinal);
        Assert.Contains("…", lines[1], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.InRange(line.Length, 1, 80));
        Assert.Contains("\u001b[", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_colours_where_NO_COLOR_says_so()
    {
        await AddDeliveryAsync(await AddWorkflowAsync());
        Cli.Environment["NO_COLOR"] = "1";

        await using var list = Cli.StartInTerminal("deliveries", "list");

        Assert.DoesNotMatch(@"\x1b\[(\d+;)*(3\d|4\d|9\d|10\d)(;\d+)*m", (await list.EndAsync()).Is(0).Output);
    }

    [Fact]
    public async Task One_is_shown_with_its_attempts_and_its_payload()
    {
        Receiver.Answers(Reply.Status(503, "busy"), Reply.Ok);
        var workflow = await AddWorkflowAsync(("payload_template", GivenWorkflows.Raw("""{"customer": "{{initial_context.name}}"}""")));
        var delivery = (await Acme.StoreRunAsync(workflow, """{"initial_context": {"name": "Ana"}}""")).Uuid("deliveries/0/delivery_id");
        await StartWorkerAsync();
        await ReachesAsync(delivery, "succeeded");

        var shown = (await Cli.RunAsync("deliveries", "show", $"{delivery}", "--bodies")).Is(0).Output;
        var json = (await Cli.RunAsync("deliveries", "show", $"{delivery}", "--json")).Is(0).Json();

        Assert.All((string[])[$"{delivery}", "succeeded, attempt 2 of 5", "HTTP 503: busy", "\"customer\": \"Ana\"", "Attempt 1 was answered:\nbusy"], part => Assert.Contains(part, shown, StringComparison.Ordinal));
        Assert.Equal(2, json.At("attempts").GetArrayLength());
        Assert.Equal("Ana", json.Text("payload/customer"));
        (await Cli.RunAsync("deliveries", "show", $"{Guid.Empty}")).Is(4);
        (await Cli.RunAsync("deliveries", "show", "17")).Is(2);
    }

    [Fact]
    public async Task What_a_receiver_answers_cannot_steer_the_terminal()
    {
        Receiver.Answers(Reply.Status(400, "\u001b]0;owned\u0007\u001b[2Jgone\u009b31m\u202etfel"));
        var delivery = await AddDeliveryAsync(await AddWorkflowAsync());
        await StartWorkerAsync();
        await ReachesAsync(delivery, "dead_letter");

        await using var show = Cli.StartInTerminal("deliveries", "show", $"{delivery}", "--bodies");
        var terminal = (await show.EndAsync()).Is(0).Output;
        var piped = (await Cli.RunAsync("deliveries", "show", $"{delivery}", "--bodies")).Is(0).Output;

        Assert.Contains("gone", terminal, StringComparison.Ordinal);
        Assert.All((string[])["\u001b]0", "\u001b[2J", "\u009b", "\u202e", "\u0007"], harm => Assert.DoesNotContain(harm, terminal + piped, StringComparison.Ordinal));
        Assert.Contains("\\u001b", piped, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Some_are_cancelled_and_replayed_by_their_ids_and_what_fails_is_told()
    {
        var workflow = await AddWorkflowAsync();
        var (first, second) = (await AddDeliveryAsync(workflow), await AddDeliveryAsync(workflow));

        var cancelled = (await Cli.RunAsync("deliveries", "cancel", $"{first}", $"{second}")).Is(0);
        var replayed = (await Cli.RunAsync("deliveries", "replay", $"{first}", $"{Guid.Empty}", "--json")).Is(1);
        var unknown = await Cli.RunAsync("deliveries", "replay", $"{Guid.Empty}");
        var again = await Cli.RunAsync("deliveries", "replay", $"{first}");

        Assert.Equal([$"{first} cancelled", $"{second} cancelled"], cancelled.Lines);
        Assert.Equal((first, "pending"), (replayed.Json().Uuid("items/0/id"), replayed.Json().Text("items/0/status")));
        Assert.Equal(Guid.Empty, replayed.Json().Uuid("faults/0/id"));
        unknown.Is(4);
        Assert.Contains("pending", again.Is(1).Error, StringComparison.Ordinal);
    }
}
