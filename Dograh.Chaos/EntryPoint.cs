using System.CommandLine;
using Dograh.Standalone;

namespace Dograh.Chaos;

/// <summary>Where the program begins. Not top-level statements: their Program would collide with the API's in the tests.</summary>
internal static class EntryPoint
{
    private static async Task<int> Main(string[] args)
    {
        using var signals = new StopSignals();
        var command = ChaosCommand.Create(settings => ChaosRun.RunAsync(settings, signals.Stop));

        // The signals are ours: the default would end this process two seconds after Ctrl+C, with children still stopping.
        return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }
}
