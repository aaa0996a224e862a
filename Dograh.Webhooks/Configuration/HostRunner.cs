using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Configuration;

/// <summary>Runs a host so that a setting that cannot work ends in a sentence, not in a stack trace.</summary>
public static class HostRunner
{
    /// <summary>The exit code of a process that stopped over its settings.</summary>
    public const int BadSettings = 78; // EX_CONFIG of sysexits.h

    /// <summary>Runs until stopped.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunOrExplainAsync(this IHost host)
    {
        try
        {
            await host.RunAsync();
            return 0;
        }
        catch (OptionsValidationException e)
        {
            foreach (var failure in e.Failures) await Console.Error.WriteLineAsync($"Cannot start: {failure}");
            return BadSettings;
        }
        catch (InvalidOperationException e) when (e.Message.StartsWith("Failed to convert configuration value", StringComparison.Ordinal))
        {
            // The binder's message names the setting and what it expected.
            await Console.Error.WriteLineAsync($"Cannot start: {e.Message}");
            return BadSettings;
        }
    }
}
