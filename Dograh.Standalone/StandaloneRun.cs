using Microsoft.Extensions.Configuration;

namespace Dograh.Standalone;

/// <summary>One run of the program, from the first line to the last.</summary>
internal static class StandaloneRun
{
    // With a long backoff set, the demo goes on beside the user's own work.
    private static readonly TimeSpan DemoPatience = TimeSpan.FromSeconds(45);

    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(StandaloneSettings settings, Terminal terminal, StopSignals signals)
    {
        try
        {
            using var folder = DataFolder.Open(settings.DataDirectory);
            terminal.Heading("Dograh Webhooks, standalone");
            terminal.Fact("Data", folder.Path);
            var configuration = new StackConfiguration(new ConfigurationBuilder().AddEnvironmentVariables().Build(), folder);

            // In this order, because the last one is stopped first: workers that finish what they are sending still find the receiver.
            await using var demo = new Demo(folder, terminal);
            await using var stack = new LocalStack(settings, configuration, folder, terminal, signals.Hurry);
            await stack.StartAsync(signals.Stop);
            var demoRun = settings.Demo ? demo.RunAsync(stack, signals.Stop) : Task.CompletedTask;
            await Poll.FinishedAsync(demoRun, DemoPatience);
            signals.Stop.ThrowIfCancellationRequested();

            Summarize(stack, configuration, folder, demo.ApiKey, terminal);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, signals.Stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await demoRun;
            return 0;
        }
        catch (OperationCanceledException) when (signals.Stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (StandaloneException e)
        {
            terminal.Fail(e.Message);
        }
        catch (UnauthorizedAccessException e)
        {
            terminal.Fail($"{e.Message} The data folder belongs to another user, perhaps because it was made as root: start as that user, or choose another folder with --data.");
        }
        catch (IOException e)
        {
            terminal.Fail(e.Message);
        }

        return 1;
    }

    private static void Summarize(LocalStack stack, StackConfiguration configuration, DataFolder folder, string? demoKey, Terminal terminal)
    {
        terminal.Heading("Running");
        terminal.Fact("Console", stack.Url);
        terminal.Fact("API", $"{stack.Url}/api/v1");
        terminal.Fact("Reference", $"{stack.Url}/scalar");
        terminal.Fact("OpenAPI", $"{stack.Url}/openapi/v1.json");
        terminal.Fact("Health", $"{stack.Url}/health");
        if (demoKey is not null)
        {
            terminal.Fact("API key", $"{demoKey} (organization \"{Demo.OrganizationName}\")");
        }

        terminal.Fact("Admin key", configuration.AdminKeyIsGiven ? "as set in ADMIN_API_KEY" : configuration.AdminKey);
        terminal.Fact("Logs", folder.Logs);
        terminal.Fact("Try", demoKey is not null
            ? $"curl -H 'X-API-Key: {demoKey}' {stack.Url}/api/v1/deliveries"
            : $"curl -H 'X-API-Key: <admin key>' {stack.Url}/api/v1/organizations");
        terminal.Line("");
        terminal.Line($"Ready: {stack.Url} (press Ctrl+C to stop)");
    }
}
