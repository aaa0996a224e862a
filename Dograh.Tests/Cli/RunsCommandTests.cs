using Dograh.Tests.Api;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;

namespace Dograh.Tests.Cli;

public sealed class RunsCommandTests(TestServers servers) : CliTest(servers)
{
    [Fact]
    public async Task A_run_is_completed_from_a_file_and_from_the_standard_input()
    {
        var workflow = await AddWorkflowAsync(("payload_template", GivenWorkflows.Raw("""{"customer": "{{initial_context.name}}"}""")));
        var file = NewFile("""{"initial_context": {"name": "Ana"}, /* as the API takes it */ "recording_url": "https://recordings.example/1",}""");

        var fromFile = (await Cli.RunAsync("runs", "complete", "--workflow", $"{workflow}", "-f", file, "--json")).Is(0).Json();
        var started = await Acme.StartRunAsync(workflow);
        var fromInput = (await Cli.RunAsync("""{"gathered_context": {"agreed": true}}""", ["runs", "complete", $"{started}", "-f", "-"])).Is(0);

        var run = (await Acme.GetAsync($"workflow-runs/{fromFile.Number("id")}")).Is(200);
        Assert.Equal(("Ana", "https://recordings.example/1"), (run.Text("initial_context/name"), run.Text("recording_url")));
        Assert.Contains($"Run {started} is completed.", fromInput.Output, StringComparison.Ordinal);
        Assert.Equal("completed", (await Acme.GetAsync($"workflow-runs/{started}")).Is(200).Text("status"));
    }

    [Fact]
    public async Task A_list_is_stored_whole_and_told_run_by_run_what_was_refused()
    {
        var workflow = await AddWorkflowAsync();

        var result = await Cli.RunAsync("""[{"name": "good"}, {"initial_context": []}, {"idempotency_key": "mine"}, {"idempotency_key": "mine"}]""", ["runs", "complete", "-w", $"{workflow}", "-f", "-"]);
        var json = (await Cli.RunAsync("""[{}]""", ["runs", "complete", "-w", $"{workflow}", "-f", "-", "--json"])).Is(0).Json();

        Assert.Contains("3 runs stored, with 3 deliveries.", result.Is(1).Output, StringComparison.Ordinal);
        Assert.Contains("Run 2 was refused (422)", result.Output, StringComparison.Ordinal);
        Assert.Contains("initial_context must be an object", result.Output, StringComparison.Ordinal);
        Assert.Equal(202, json.Number("items/0/status"));
        Assert.Equal(3, await Database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries"));
    }

    [Fact]
    public async Task More_than_one_request_may_hold_are_handed_in_part_by_part_and_never_twice_under_one_key()
    {
        var workflow = await AddWorkflowAsync();
        // More runs than a batch, and more bytes than a body.
        var large = NewFile($"[{string.Join(", ", Enumerable.Range(0, 1201).Select(n => $$$"""{"name": "{{{n}}}", "extra": {"text": "{{{new string('x', 2000)}}}"}}"""))}]");

        await using var first = Cli.StartInTerminal("runs", "complete", "-w", $"{workflow}", "-f", large, "--idempotency-key", "the tenth of May");
        var shown = (await first.EndAsync()).Is(0);
        var again = (await Cli.RunAsync("runs", "complete", "-w", $"{workflow}", "-f", large, "--idempotency-key", "the tenth of May", "--json")).Is(0).Json();

        Assert.Contains("1,201 runs stored", shown.Output, StringComparison.Ordinal);
        Assert.Contains("Storing runs", shown.Output, StringComparison.Ordinal);
        Assert.All(again.At("items").EnumerateArray(), item => Assert.Equal(200, item.Number("status")));
        Assert.Equal(1201, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs"));
    }

    [Fact]
    public async Task A_server_that_takes_less_at_a_time_gets_less()
    {
        await using var frugal = await ApiHost.StartAsync(Database, Redis.ConnectionString, ("Api:MaxBodyBytes", 20_000));
        Cli.Environment["DOGRAH_URL"] = frugal.Address.AbsoluteUri;
        var workflow = await AddWorkflowAsync();
        var file = NewFile($"[{string.Join(", ", Enumerable.Repeat($$$"""{"extra": {"text": "{{{new string('x', 1000)}}}"}}""", 100))}]");

        (await Cli.RunAsync("runs", "complete", "-w", $"{workflow}", "-f", file)).Is(0);

        Assert.Equal(100, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs"));
    }

    [Fact]
    public async Task What_is_broken_off_says_how_to_go_on()
    {
        // The first part is stored, and then nobody answers.
        Receiver.Answers(
            Reply.Status(207, $$"""{"items": [{{string.Join(", ", Enumerable.Repeat("""{"status": 202, "outcome": {"id": 1, "status": "completed", "deliveries": []}, "problem": null}""", 500))}}]}""").With("Content-Type", "application/json"),
            Reply.Abort);
        Cli.Environment["DOGRAH_URL"] = Receiver.At("/").AbsoluteUri;
        var file = NewFile($"[{string.Join(", ", Enumerable.Repeat("{}", 600))}]");

        var result = (await Cli.RunAsync("runs", "complete", "-w", "1", "-f", file)).Is(5);

        Assert.Contains("500 runs stored", result.Output, StringComparison.Ordinal);
        Assert.Matches("100 of 600 were not handed in. .*--idempotency-key [0-9a-f]{32}", result.Error);
    }

    [Fact]
    public async Task A_field_that_is_not_known_goes_along_and_is_told()
    {
        Receiver.Answers(Reply.Status(202, """{"id": 1, "status": "completed", "deliveries": []}""").With("Content-Type", "application/json"));
        Cli.Environment["DOGRAH_URL"] = Receiver.At("/").AbsoluteUri;

        var result = (await Cli.RunAsync("""{"gatherd_context": {"a": 1}}""", ["runs", "complete", "-w", "1", "-f", "-"])).Is(0);

        Assert.Contains("gatherd_context", result.Error, StringComparison.Ordinal);
        Assert.Equal("""{"gatherd_context":{"a":1}}""", Receiver.Requests.Single().Text);
    }

    [Theory]
    [InlineData("", "holds no run")]
    [InlineData("17", "neither an object nor a list")]
    [InlineData("[]", "its list is empty")]
    [InlineData("[null]", "null")]
    [InlineData("""{"recording_url": 5}""", "recording_url")]
    public async Task What_is_no_run_is_refused(string input, string said) =>
        Assert.Contains(said, (await Cli.RunAsync(input, ["runs", "complete", "-w", "1", "-f", "-"])).Is(2).Error, StringComparison.Ordinal);

    [Fact]
    public async Task Either_the_run_or_the_workflow_must_be_said_and_a_file_that_is_there()
    {
        Assert.Contains("--workflow", (await Cli.RunAsync("{}", ["runs", "complete", "-f", "-"])).Is(2).Error, StringComparison.Ordinal);
        Assert.Contains("--workflow", (await Cli.RunAsync("{}", ["runs", "complete", "1", "-w", "1", "-f", "-"])).Is(2).Error, StringComparison.Ordinal);
        Assert.Contains("nowhere.json", (await Cli.RunAsync("runs", "complete", "-w", "1", "-f", "/nowhere.json")).Is(2).Error, StringComparison.Ordinal);
        (await Cli.RunAsync("{}", ["runs", "complete", "-w", "4711", "-f", "-"])).Is(4);
    }
}
