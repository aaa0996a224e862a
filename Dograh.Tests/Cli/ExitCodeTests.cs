using Dograh.Tests.Api;
using Dograh.Tests.Support;

namespace Dograh.Tests.Cli;

/// <summary>What scripts lean on.</summary>
public sealed class ExitCodeTests(TestServers servers) : CliTest(servers)
{
    [Fact]
    public async Task Each_says_what_it_is_documented_to_say()
    {
        (await Cli.RunAsync("status")).Is(0);
        Receiver.Answers(400);
        await StartWorkerAsync();
        (await Cli.RunAsync("trigger", $"{await AddWorkflowAsync()}")).Is(1);
        (await Cli.RunAsync("stauts")).Is(2);
        (await Cli.RunAsync("deliveries", "list", "--workflow", "seven")).Is(2);
        (await Cli.RunAsync("deliveries", "list", "--since", "yesterday-ish")).Is(2);
        (await NewProgram().RunAsync("status")).Is(3);
        (await Cli.RunAsync("deliveries", "show", $"{Guid.Empty}")).Is(4);
        (await Cli.RunAsync("status", "--url", "http://127.0.0.1:1")).Is(5);
    }

    [Fact]
    public async Task A_key_without_the_scope_may_not()
    {
        var key = (await Acme.PostAsync("api-keys", """{"name": "reads", "scopes": ["runs:read"]}""")).Is(201);
        Cli.Environment["DOGRAH_API_KEY"] = key.Text("api_key");

        Assert.Contains("deliveries:read", (await Cli.RunAsync("deliveries", "list")).Is(3).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_busy_or_something_else_cannot_serve()
    {
        Cli.Environment["DOGRAH_URL"] = Receiver.At("/").AbsoluteUri;
        Receiver.Answers(
            Reply.Status(503, """{"title": "Too busy", "detail": "Later."}""").With("Content-Type", "application/problem+json").With("Retry-After", "5"),
            Reply.Status(200, "<html>Welcome</html>").With("Content-Type", "text/html"),
            Reply.Status(500, """{"title": "Oops", "trace_id": "4711"}""").With("Content-Type", "application/problem+json"));

        Assert.Contains("Try again in 5 s", (await Cli.RunAsync("status")).Is(5).Error, StringComparison.Ordinal);
        Assert.Contains("Dograh's API", (await Cli.RunAsync("status")).Is(5).Error, StringComparison.Ordinal);
        Assert.Contains("4711", (await Cli.RunAsync("status")).Is(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_lacks_its_subcommand_shows_which_there_are()
    {
        var result = (await Cli.RunAsync("deliveries")).Is(2);

        Assert.Empty(result.Output);
        Assert.Contains("tail", result.Error, StringComparison.Ordinal);
        Assert.Contains("tail", (await Cli.RunAsync("deliveries", "--help")).Is(0).Output, StringComparison.Ordinal);
    }

    // What is read where somebody looks for help is 80 columns wide.
    [Theory]
    [InlineData("--help")]
    [InlineData("listen", "--help")]
    [InlineData("deliveries", "list", "--help")]
    public async Task Help_fits_into_80_columns(params string[] arguments)
    {
        await using var help = Cli.StartInTerminal(arguments);

        var lines = Terminal.Plain((await help.EndAsync()).Is(0).Output).Split('\n');

        Assert.All(lines, line => Assert.InRange(line.TrimEnd().Length, 0, 80));
    }
}
