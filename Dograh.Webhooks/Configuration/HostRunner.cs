using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Configuration;

/// <summary>Runs a host so that a setting that cannot work ends in a sentence, not in a stack trace.</summary>
public static class HostRunner
{
    /// <summary>The exit code of a process that stopped over its settings.</summary>
    public const int BadSettings = 78; // EX_CONFIG of sysexits.h

    /// <summary>Builds a host, which may read settings already, and runs it until stopped.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunOrExplainAsync(Func<IHost> build)
    {
        try
        {
            using var host = build();
            // Before the host starts anything: it would log the fault with a stack trace.
            host.Services.GetService<IStartupValidator>()?.Validate();
            await host.RunAsync();
            return 0;
        }
        catch (Exception e) when (FaultsOf(e) is { Count: > 0 })
        {
            foreach (var fault in FaultsOf(e)) await Console.Error.WriteLineAsync($"Cannot start: {fault}");
            return BadSettings;
        }
    }

    /// <summary>Runs a host that is built until stopped.</summary>
    /// <returns>The exit code.</returns>
    public static Task<int> RunOrExplainAsync(this IHost host) => RunOrExplainAsync(() => host);

    private static IReadOnlyList<string> FaultsOf(Exception exception) => exception switch
    {
        OptionsValidationException e => [.. e.Failures],
        SettingException e => [e.Message],
        // The binder's message names the setting and what it expected.
        InvalidOperationException e when e.Message.StartsWith("Failed to convert configuration value", StringComparison.Ordinal) => [e.Message],
        // Several sections at once; what is no fault of a setting makes the whole no such fault.
        AggregateException e when e.InnerExceptions.All(inner => FaultsOf(inner).Count > 0) => [.. e.InnerExceptions.SelectMany(FaultsOf)],
        _ => [],
    };
}
