using System.CommandLine;
using Dograh.Bench.Roles;
using Dograh.Standalone;

namespace Dograh.Bench;

/// <summary>Where the program begins. Not top-level statements: their Program would collide with the API's in the tests.</summary>
internal static class EntryPoint
{
    private static async Task<int> Main(string[] args)
    {
        // Processes of its own that the benchmark starts; nobody else calls it so, and help does not name them.
        if (await Role.RunAsync(args) is { } roleExitCode) return roleExitCode;

        using var signals = new StopSignals();
        var command = BenchCommand.Create(settings => BenchRun.RunAsync(settings, signals.Stop));

        // The signals are ours: the default would end this process two seconds after Ctrl+C, with children still stopping.
        return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }
}
