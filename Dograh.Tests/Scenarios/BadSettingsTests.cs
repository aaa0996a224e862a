using Dograh.Standalone;
using Dograh.Tests.Support;

namespace Dograh.Tests.Scenarios;

/// <summary>A setting that cannot work stops a service at once, with a line that names it and a non-zero exit code.</summary>
public sealed class BadSettingsTests(TestServers servers)
{
    private const int Unreachable = 1;

    public static TheoryData<string, string, string?> Faults => new()
    {
        { "Secrets:MasterKey (SECRETS_MASTER_KEY) is not set", "Secrets__MasterKey", null },
        { "Secrets:MasterKey (SECRETS_MASTER_KEY) must be the base64 of exactly 32 bytes", "SECRETS_MASTER_KEY", "bm90LTMyLWJ5dGVz" },
        { "ConnectionStrings:dograhdb is not set", "ConnectionStrings__dograhdb", null },
        { "ConnectionStrings:redis is not set", "ConnectionStrings__redis", null },
        { "WebhookDelivery:MaxAttempts (WEBHOOK_DELIVERY_MAX_ATTEMPTS)", "WEBHOOK_DELIVERY_MAX_ATTEMPTS", "abc" },
        { "WebhookDelivery:MaxAttempts (WEBHOOK_DELIVERY_MAX_ATTEMPTS) must be from 1 to 20, but is 0", "WEBHOOK_DELIVERY_MAX_ATTEMPTS", "0" },
        { "Retention:Days (RETENTION_DAYS) must be from 0 to 36500, but is -1", "RETENTION_DAYS", "-1" },
        { "Egress:AllowedNetworks (EGRESS_ALLOWED_NETWORKS): 'nonsense' is not a network", "EGRESS_ALLOWED_NETWORKS", "nonsense" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task It_stops_the_API_and_the_worker_with_one_line_that_names_it(string named, string variable, string? value)
    {
        var ends = await Task.WhenAll(RunAsync(StackLayout.ApiAssembly, variable, value), RunAsync(StackLayout.WorkerAssembly, variable, value));

        Assert.All(ends, end => AssertExplained(named, end));
    }

    [Fact]
    public async Task The_settings_that_only_the_API_has_and_its_command_are_held_to_the_same()
    {
        var ends = await Task.WhenAll(
            RunAsync(StackLayout.ApiAssembly, "Api__MaxBodyBytes", "much"), RunAsync(StackLayout.ApiAssembly, "ConnectionStrings__dograhdb", value: null, "migrate"));

        AssertExplained("Api:MaxBodyBytes", ends[0]);
        AssertExplained("ConnectionStrings:dograhdb is not set", ends[1]);
    }

    private static void AssertExplained(string named, (int ExitCode, string Output) end)
    {
        var line = Assert.Single(end.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("Cannot start: ", line, StringComparison.Ordinal);
        Assert.Contains(named, line, StringComparison.Ordinal);
        Assert.Equal(78, end.ExitCode);
    }

    private async Task<(int ExitCode, string Output)> RunAsync(string assembly, string variable, string? value, params string[] arguments)
    {
        var environment = new Dictionary<string, string?>
        {
            ["ConnectionStrings__dograhdb"] = $"Host=127.0.0.1;Port={Unreachable};Username=nobody",
            ["ConnectionStrings__redis"] = $"127.0.0.1:{Unreachable}",
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
        };
        if (variable != "SECRETS_MASTER_KEY") environment["Secrets__MasterKey"] = TestWorker.MasterKey;
        environment[variable] = value;
        var log = Path.Combine(servers.NewFolder("bad-settings"), "service.log");
        await using var service = await ServiceProcess.StartAsync(
            new ServiceOptions { Name = "service", Assembly = assembly, Arguments = arguments, Environment = environment, LogFile = log });
        return (await service.Exited.Soon(), LogFiles.ReadFrom(log, 0));
    }
}
