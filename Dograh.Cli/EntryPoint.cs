using System.CommandLine;

namespace Dograh.Cli;

/// <summary>Where the program begins. Not top-level statements: their Program would collide with the API's in the tests.</summary>
internal static class EntryPoint
{
    private static async Task<int> Main(string[] args)
    {
        using var interruption = new Interruption();
        var cli = new CommandLine(interruption);
        var result = cli.Root.Parse(args);
        // Not the library's own exit code for what cannot be parsed, nor its page of help, which hides the fault.
        if (result.Action is System.CommandLine.Invocation.ParseErrorAction) return CommandLine.Refuse(result);
        return await result.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }
}
