using Dograh.Tests.Support;

namespace Dograh.Tests.Api;

/// <summary>A bad setting stops the process with a message that names it.</summary>
public sealed class SettingsTests(TestServers servers)
{
    private const string NoDatabase = "Host=127.0.0.1;Port=1;Database=x;Username=x;Password=hidden";

    [Fact]
    public Task Without_a_master_key_it_does_not_start() =>
        StopsAsync("Secrets:MasterKey (SECRETS_MASTER_KEY) is not set", ("SECRETS_MASTER_KEY", null));

    [Fact]
    public Task Everything_that_is_out_of_bounds_is_named() => StopsAsync(
        "WebhookDelivery:MaxAttempts (WEBHOOK_DELIVERY_MAX_ATTEMPTS) must be from 1 to 20, but is 0.",
        ("WEBHOOK_DELIVERY_MAX_ATTEMPTS", "0"));

    [Fact]
    public Task A_network_that_is_none_is_named() =>
        StopsAsync("Egress:AllowedNetworks (EGRESS_ALLOWED_NETWORKS): '10.0.0.1/8' is not a network", ("EGRESS_ALLOWED_NETWORKS", "10.0.0.1/8"));

    [Fact]
    public Task A_switch_that_is_neither_on_nor_off_is_named() =>
        StopsAsync("Database:MigrateOnStartup", ("DATABASE_MIGRATE_ON_STARTUP", "maybe"));

    [Theory]
    [InlineData("Api:MaxBodyBytesAtATime must be at least Api:MaxBodyBytes", "Api__MaxBodyBytesAtATime", "1000")]
    [InlineData("Api:MaxConcurrentRequests must be at least 1", "Api__MaxConcurrentRequests", "0")]
    [InlineData("Api:MaxWaitingRequests must be at least 0", "Api__MaxWaitingRequests", "-1")]
    [InlineData("Api:RequestsPerMinutePerKey must be from 0", "Api__RequestsPerMinutePerKey", "-1")]
    [InlineData("Api:FailedLoginsPerMinutePerAddress must be from 0", "Api__FailedLoginsPerMinutePerAddress", "-1")]
    [InlineData("Quotas must be at least 0", "Quotas__PayloadBytes", "-1")]
    [InlineData("Api:DrainSeconds must be from 0 to 3600", "Api__DrainSeconds", "-1")]
    public Task A_bound_of_the_API_that_cannot_work_is_named(string message, string name, string value) => StopsAsync(message, (name, value));

    [Theory]
    [InlineData("dograhdb")]
    [InlineData("redis")]
    public Task A_connection_string_that_is_missing_is_named(string name) =>
        StopsAsync($"ConnectionStrings:{name} is not set", ($"ConnectionStrings__{name}", null));

    private async Task StopsAsync(string message, params (string Name, string? Value)[] changes)
    {
        var settings = ApiProcess.Settings(NoDatabase);
        foreach (var (name, value) in changes) settings[name] = value;

        await using var process = await ApiProcess.StartAsync(servers, settings);

        Assert.NotEqual(0, await process.EndedAsync());
        Assert.Contains(message, process.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", process.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", process.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(TestWorker.MasterKey, process.Output, StringComparison.Ordinal);
    }
}
