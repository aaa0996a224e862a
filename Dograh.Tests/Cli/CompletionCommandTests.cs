using Dograh.Standalone;
using Dograh.Tests.Support;

namespace Dograh.Tests.Cli;

/// <summary>Real shells complete real command lines.</summary>
public sealed class CompletionCommandTests(TestServers servers)
{
    private static readonly string Program = $"dograh() {{ '{StackLayout.DotnetHost}' exec '{CliProgram.Assembly}' \"$@\"; }}";

    private readonly CliProgram _cli = new(servers.NewFolder("cli"));

    [Theory]
    [InlineData("dograh ", "completion", "dead-letters", "deliveries", "doctor", "listen", "login", "logout", "runs", "status", "trigger")]
    [InlineData("dograh deliv", "deliveries")]
    [InlineData("dograh deliveries ", "cancel", "list", "replay", "show", "tail")]
    [InlineData("dograh deliveries list --st", "--status", "--status-code")]
    [InlineData("dograh deliveries list --status ", "cancelled", "dead_letter", "pending", "succeeded")]
    [InlineData("dograh deliveries list --status de", "dead_letter")]
    [InlineData("dograh status --window 3", "30d")]
    [InlineData("dograh completion z", "zsh")]
    [InlineData("dograh deliveries list --workflow 7 --ho", "--host")]
    public async Task Bash_completes(string line, params string[] completed)
    {
        await using var bash = _cli.StartInTerminal(80, "bash", ["--norc", "--noprofile", "-c", $$"""
            {{Program}}
            source <(dograh completion bash)
            COMP_LINE='{{line}}'; COMP_POINT=${#COMP_LINE}
            read -ra COMP_WORDS <<< "$COMP_LINE"; [[ "$COMP_LINE" == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _dograh
            printf 'completed: %s\n' "${COMPREPLY[@]}"
            """]);

        var replies = Terminal.Plain((await bash.EndAsync()).Is(0).Output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(reply => reply.Replace("completed: ", "", StringComparison.Ordinal));
        var expected = line.EndsWith(' ') && !line.Contains("--status", StringComparison.Ordinal) ? replies.Where(reply => !reply.StartsWith('-')) : replies;
        Assert.Equal(completed.Order(StringComparer.Ordinal), expected.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_tab_key_does_it_in_a_terminal()
    {
        await using var bash = _cli.StartInTerminal(80, "bash", ["--norc", "--noprofile", "-i"]);
        await bash.TypeAsync($"{Program}; source <(dograh completion bash); echo rea''dy\n");
        await bash.ShowsAsync("ready\r\n");

        await bash.TypeAsync("dograh comple\tba\t --he\t\n");

        await bash.ShowsAsync("Print the script by which a shell completes");
        await bash.TypeAsync("exit\n");
        (await bash.EndAsync()).Is(0);
    }

    [Theory]
    [InlineData("bash", "complete ")]
    [InlineData("zsh", "compdef _dograh dograh")]
    [InlineData("fish", "complete --command dograh")]
    [InlineData("pwsh", "Register-ArgumentCompleter")]
    public async Task There_is_a_script_for_each_shell(string shell, string holds) =>
        Assert.Contains(holds, (await _cli.RunAsync("completion", shell)).Is(0).Output, StringComparison.Ordinal);

    [Fact]
    public async Task Another_shell_is_refused() => (await _cli.RunAsync("completion", "tcsh")).Is(2);
}
