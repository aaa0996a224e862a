using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Configuration;

/// <summary>Composes and runs a host so that a setting that cannot work ends in a sentence, not in a stack trace.</summary>
public static partial class HostRunner
{
    /// <summary>The exit code of a process that stopped over its settings.</summary>
    public const int BadSettings = 78; // EX_CONFIG of sysexits.h

    /// <summary>The exit code of a process that stopped because a part of it failed for good.</summary>
    public const int Failed = 1;

    /// <summary>Runs a program, and explains what is wrong with its settings if that stops it, at whichever step they are first read.</summary>
    /// <returns>The program's exit code, or <see cref="BadSettings"/>.</returns>
    public static async Task<int> ExplainAsync(Func<Task<int>> program)
    {
        try
        {
            return await program();
        }
        catch (Exception e) when (FindFaults(e) is { Count: > 0 } faults)
        {
            foreach (var fault in faults) await Console.Error.WriteLineAsync($"Cannot start: {fault}");
            return BadSettings;
        }
    }

    /// <summary>Checks the settings, before the host would log what is wrong with them as a failure of its own; then runs until stopped.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunCheckedAsync(this IHost host)
    {
        host.Services.GetService<IStartupValidator>()?.Validate();
        var services = host.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToList();
        var stopping = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        try
        {
            await host.RunAsync();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopped while it was still starting.
        }

        // The host stops when one of them fails, and would call that a good end.
        return services.Exists(service => service.ExecuteTask is { IsFaulted: true }) ? Failed : 0;
    }

    private static IReadOnlyList<string> FindFaults(Exception exception) => exception switch
    {
        MissingSettingException missing => [missing.Message],
        OptionsValidationException invalid => [.. invalid.Failures],
        AggregateException several when several.InnerExceptions.All(e => e is OptionsValidationException) => [.. several.InnerExceptions.SelectMany(FindFaults)],
        // The binder's message names the setting and what it expected.
        InvalidOperationException unreadable when Unreadable().IsMatch(unreadable.Message) =>
            [Unreadable().Replace(unreadable.Message, match => $"{match.Groups["begin"].Value}{FlatEnvironmentNames.Describe(match.Groups["setting"].Value)}'")],
        _ => [],
    };

    [GeneratedRegex(@"^(?<begin>Failed to convert configuration value '.*' at ')(?<setting>[^']+)'", RegexOptions.ExplicitCapture | RegexOptions.Singleline, 1000)]
    private static partial Regex Unreadable();
}

/// <summary>A setting without which nothing can be composed is missing or cannot be read; the message names it.</summary>
public sealed class MissingSettingException(string message) : InvalidOperationException(message);
