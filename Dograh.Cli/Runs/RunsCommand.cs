using System.CommandLine;

namespace Dograh.Cli.Runs;

/// <summary><c>dograh runs</c>.</summary>
internal static class RunsCommand
{
    public static Command Create(CommandLine line) => new("runs", "Complete runs.") { CompleteCommand.Create(line) };
}
