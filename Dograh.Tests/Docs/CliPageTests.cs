using System.CommandLine;
using System.CommandLine.Parsing;
using Dograh.Cli;
using Dograh.Standalone;
using Dograh.Tests.Cli;
using Dograh.Tests.Support;
using Terminal = Dograh.Tests.Cli.Terminal;

namespace Dograh.Tests.Docs;

/// <summary><c>docs/cli.md</c> says what the program does.</summary>
public sealed class CliPageTests(TestServers servers) : CliTest(servers)
{
    private static readonly Markdown Page = Markdown.Open("docs/cli.md");

    [Fact]
    public async Task Its_first_look_works_as_it_is_printed()
    {
        await AddWorkflowAsync();
        await StartWorkerAsync();
        var tour = Page.Code("A first look", "bash").Replace("http://localhost:8080", Api.Address.AbsoluteUri, StringComparison.Ordinal);
        var newcomer = NewProgram();
        newcomer.Environment["KEY"] = Acme.Key;

        await using var bash = newcomer.StartInTerminal(
            80, "bash", ["-c", $"set -euo pipefail; dograh() {{ '{StackLayout.DotnetHost}' exec '{CliProgram.Assembly}' \"$@\"; }}\n{tour}"]);
        var shown = (await bash.EndAsync()).Is(0).Output;

        Assert.All((string[])["Signed in to", "1 of 1 succeeded.", " 1 succeeded,", "Payload", " replayed", "All well."], part => Assert.Contains(part, Terminal.Plain(shown), StringComparison.Ordinal));
    }

    [Fact]
    public void Every_command_that_it_prints_is_one_and_every_command_is_printed()
    {
        using var interruption = new Interruption();
        var root = new Dograh.Cli.CommandLine(interruption).Root;
        var examples = Page.Text.Split('\n').Where(line => line.StartsWith("dograh ", StringComparison.Ordinal) && !line.Contains('$', StringComparison.Ordinal)).Select(line => line.Split(" #")[0].Split(" <")[0].Trim()).ToList();

        var parsed = examples.Select(example => root.Parse(CommandLineParser.SplitCommandLine(example["dograh ".Length..].Replace('\'', '"').Replace("\"{\"agreed\": false}\"", "{}", StringComparison.Ordinal)).ToList())).ToList();

        Assert.All(parsed, result => Assert.Empty(result.Errors));
        var commands = Leaves(root).Where(command => command.Name != "completion").ToList();
        Assert.Empty(commands.Except(parsed.Select(result => result.CommandResult.Command)).Select(command => command.Name));
        Assert.NotEmpty(commands);
    }

    [Fact]
    public void Its_exit_codes_are_those_of_the_code() =>
        Assert.Equal(
            typeof(ExitCodes).GetFields().Select(field => $"{field.GetRawConstantValue()}"), Page.Table("code", "meaning").Select(row => row["code"]));

    private static IEnumerable<Command> Leaves(Command command) => command.Subcommands.Count == 0 ? [command] : command.Subcommands.SelectMany(Leaves);
}
