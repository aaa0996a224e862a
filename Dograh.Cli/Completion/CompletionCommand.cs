using System.CommandLine;
using Dograh.Cli.Output;

namespace Dograh.Cli.Completion;

/// <summary><c>dograh completion</c>: the scripts by which shells complete commands, options and values.</summary>
/// <remarks>The scripts ask this program itself, by <c>[suggest:position]</c>: what they complete is always what this version knows.</remarks>
internal static class CompletionCommand
{
    private static readonly string[] Shells = ["bash", "zsh", "fish", "pwsh"];

    public static Command Create(CommandLine line)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh, fish or pwsh." };
        shell.AcceptOnlyFromAmong(Shells);
        var command = new Command(
            "completion", """
            Print the script by which a shell completes this program's commands, options and values.
              bash  source <(dograh completion bash)      in ~/.bashrc
              zsh   source <(dograh completion zsh)       in ~/.zshrc, after compinit
              fish  dograh completion fish | source       in ~/.config/fish/config.fish
              pwsh  dograh completion pwsh | Out-String | Invoke-Expression   in $PROFILE
            """)
        {
            shell,
        };
        line.Handle(command, async call =>
        {
            var script = await ReadAsync(call.Get(shell)!, call.Token);
            if (call.Screen.IsJson) call.Screen.Json(new { shell = call.Get(shell), script });
            else Write(call.Screen, script);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Write(Screen screen, string script)
    {
        foreach (var text in script.TrimEnd('\n').Split('\n')) screen.Line(text);
    }

    private static async Task<string> ReadAsync(string shell, CancellationToken cancellationToken)
    {
        await using var resource = typeof(CompletionCommand).Assembly.GetManifestResourceStream($"dograh.{shell}")!;
        using var reader = new StreamReader(resource);
        return await reader.ReadToEndAsync(cancellationToken);
    }
}
