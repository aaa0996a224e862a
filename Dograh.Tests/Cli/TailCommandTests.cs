using System.Text.Json;
using Dograh.Tests.Api;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;

namespace Dograh.Tests.Cli;

public sealed class TailCommandTests(TestServers servers) : CliTest(servers)
{
    [Fact]
    public async Task Each_attempt_and_each_state_is_a_line_also_of_what_was_there_before()
    {
        var workflow = await AddWorkflowAsync();
        var before = await AddDeliveryAsync(workflow);
        await using var tail = Cli.Start("deliveries", "tail", "--interval", "50ms", "--json");
        // What is there is no news: the first line is of what is new.
        var after = await AddUntilToldAsync(tail, workflow);

        Assert.Equal((202, 202), ((await Acme.PostAsync($"deliveries/{before}/cancel")).Status, (await Acme.PostAsync($"deliveries/{after}/cancel")).Status));
        await Eventually.TrueAsync(() => States(tail, before).Contains("cancelled") && States(tail, after).Contains("cancelled"));
        (await Acme.PostAsync($"deliveries/{before}/replay")).Is(202);
        await Eventually.TrueAsync(() => States(tail, before).SequenceEqual(["cancelled", "pending"]));
        await StartWorkerAsync();
        await Eventually.TrueAsync(() => States(tail, before).SequenceEqual(["cancelled", "pending", "succeeded"]));

        var ended = (await tail.InterruptAsync()).Is(130);
        Assert.Equal(["pending", "cancelled"], States(tail, after));
        Assert.Empty(ended.Error);
        Assert.All(tail.Events, x => Assert.False(x.TryGetProperty("payload", out _)));
    }

    [Fact]
    public async Task A_failed_attempt_is_told_with_its_error_and_a_filter_leaves_the_rest_out()
    {
        Receiver.Answers(Reply.Status(503, "busy"), Reply.Status(400, "no"));
        var workflow = await AddWorkflowAsync(("retry_config", GivenWorkflows.Raw("""{"base_delay_seconds": 1}""")));
        var other = await AddWorkflowAsync(("endpoint_url", Receiver.At("/other").AbsoluteUri));
        await using var tail = Cli.StartInTerminal("deliveries", "tail", "--interval", "50ms", "--workflow", $"{workflow}");
        await tail.ShowsAsync("Following");
        var delivery = await AddDeliveryAsync(workflow);
        await tail.ShowsAsync($"{delivery}");
        await StartWorkerAsync();
        await tail.ShowsAsync(" 1/5 HTTP 503: busy");
        await tail.ShowsAsync(" 2/5 HTTP 400: no");
        var unseen = await AddDeliveryAsync(other);
        await ReachesAsync(unseen, "dead_letter");
        var last = await AddDeliveryAsync(workflow);
        await tail.ShowsAsync($"{last}");

        await tail.TypeAsync("\u0003");

        Assert.DoesNotContain($"{unseen}", (await tail.EndAsync()).Is(130).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_waits_for_a_server_that_goes_away()
    {
        await using var tail = Cli.Start("deliveries", "tail", "--interval", "50ms");
        await tail.ShowsAsync("Following");

        await Api.DisposeAsync();

        await tail.ShowsAsync("Trying again");
        (await tail.InterruptAsync()).Is(130);
    }

    // The tail has looked for the first time once it tells of something.
    private async Task<Guid> AddUntilToldAsync(RunningCli tail, long workflow)
    {
        var added = await AddDeliveryAsync(workflow);
        await Eventually.TrueAsync(async () =>
        {
            if (tail.Events.Count > 0) return true;
            added = await AddDeliveryAsync(workflow);
            return false;
        });
        await Eventually.TrueAsync(() => States(tail, added).Count > 0);
        return added;
    }

    private static List<string> States(RunningCli tail, Guid delivery) => [.. tail.Events.Where(x => x.Uuid("id") == delivery).Select((JsonElement x) => x.Text("status"))];
}
