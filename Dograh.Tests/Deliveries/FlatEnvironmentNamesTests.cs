using Dograh.Webhooks.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace Dograh.Tests.Deliveries;

public sealed class FlatEnvironmentNamesTests
{
    // As existing deployments have them; a change here breaks somebody's deployment.
    private const string Table =
        """
        ADMIN_API_KEY = Admin:ApiKey
        BINS_ENABLED = Bins:Enabled
        DATABASE_MIGRATE_ON_STARTUP = Database:MigrateOnStartup
        EGRESS_ALLOWED_NETWORKS = Egress:AllowedNetworks
        EGRESS_ALLOWED_PORTS = Egress:AllowedPorts
        EGRESS_ALLOW_HTTP = Egress:AllowHttp
        EGRESS_PROXY = Egress:Proxy
        RETENTION_AUDIT_DAYS = Retention:AuditDays
        RETENTION_DAYS = Retention:Days
        RETENTION_DEAD_LETTER_DAYS = Retention:DeadLetterDays
        RETENTION_PAYLOAD_DAYS = Retention:PayloadDays
        SECRETS_MASTER_KEY = Secrets:MasterKey
        SECRETS_PREVIOUS_MASTER_KEYS = Secrets:PreviousMasterKeys
        WEBHOOK_DELIVERY_BASE_DELAY_SECONDS = WebhookDelivery:BaseDelaySeconds
        WEBHOOK_DELIVERY_CIRCUIT_BREAK_SECONDS = WebhookDelivery:CircuitBreakSeconds
        WEBHOOK_DELIVERY_CIRCUIT_FAILURE_RATIO = WebhookDelivery:CircuitFailureRatio
        WEBHOOK_DELIVERY_CIRCUIT_MINIMUM_ATTEMPTS = WebhookDelivery:CircuitMinimumAttempts
        WEBHOOK_DELIVERY_CIRCUIT_WINDOW_SECONDS = WebhookDelivery:CircuitWindowSeconds
        WEBHOOK_DELIVERY_CONCURRENCY = WebhookDelivery:Concurrency
        WEBHOOK_DELIVERY_CONCURRENCY_PER_ORIGIN = WebhookDelivery:ConcurrencyPerOrigin
        WEBHOOK_DELIVERY_JITTER_RATIO = WebhookDelivery:JitterRatio
        WEBHOOK_DELIVERY_LEASE_MARGIN_SECONDS = WebhookDelivery:LeaseMarginSeconds
        WEBHOOK_DELIVERY_MAX_AGE_SECONDS = WebhookDelivery:MaxAgeSeconds
        WEBHOOK_DELIVERY_MAX_ATTEMPTS = WebhookDelivery:MaxAttempts
        WEBHOOK_DELIVERY_MAX_DELAY_SECONDS = WebhookDelivery:MaxDelaySeconds
        WEBHOOK_DELIVERY_QUEUE_SHARDS = WebhookDelivery:QueueShards
        WEBHOOK_DELIVERY_REPLAY_PER_SECOND = WebhookDelivery:ReplayPerSecond
        WEBHOOK_DELIVERY_SHUTDOWN_GRACE_SECONDS = WebhookDelivery:ShutdownGraceSeconds
        WEBHOOK_DELIVERY_SWEEP_INTERVAL_SECONDS = WebhookDelivery:SweepIntervalSeconds
        WEBHOOK_DELIVERY_TIMEOUT_SECONDS = WebhookDelivery:TimeoutSeconds
        """;

    [Fact]
    public void The_names_are_those_of_existing_deployments() =>
        Assert.Equal(
            Table.ReplaceLineEndings("\n"),
            string.Join('\n', FlatEnvironmentNames.Settings.Select(name => $"{name.Key} = {name.Value}").Order(StringComparer.Ordinal)));

    [Fact]
    public void A_flat_name_stands_for_its_setting()
    {
        var configuration = Configure(("WEBHOOK_DELIVERY_MAX_ATTEMPTS", "7"));

        Assert.Equal("7", configuration["WebhookDelivery:MaxAttempts"]);
    }

    [Fact]
    public void A_flat_name_wins_over_a_settings_file()
    {
        var configuration = Configure(("file:WebhookDelivery:MaxAttempts", "3"), ("WEBHOOK_DELIVERY_MAX_ATTEMPTS", "7"));

        Assert.Equal("7", configuration["WebhookDelivery:MaxAttempts"]);
    }

    [Fact]
    public void The_dotnet_form_in_the_environment_wins_over_a_flat_name()
    {
        var configuration = Configure(("WEBHOOK_DELIVERY_MAX_ATTEMPTS", "7"), ("WebhookDelivery:MaxAttempts", "9"));

        Assert.Equal("9", configuration["WebhookDelivery:MaxAttempts"]);
    }

    [Fact]
    public void An_empty_flat_name_changes_nothing()
    {
        var configuration = Configure(("file:WebhookDelivery:MaxAttempts", "3"), ("WEBHOOK_DELIVERY_MAX_ATTEMPTS", ""));

        Assert.Equal("3", configuration["WebhookDelivery:MaxAttempts"]);
    }

    [Fact]
    public void A_setting_without_a_flat_name_is_described_by_its_own() =>
        Assert.Equal("ConnectionStrings:redis", FlatEnvironmentNames.Describe("ConnectionStrings:redis"));

    // "file:" marks what comes from a settings file; all else is in the environment.
    private static ConfigurationManager Configure(params (string Name, string Value)[] given)
    {
        var configuration = new ConfigurationManager();
        configuration.AddInMemoryCollection(given.Where(IsFromFile).ToDictionary(setting => setting.Name["file:".Length..], setting => (string?)setting.Value));
        ((IConfigurationBuilder)configuration).Add(new GivenEnvironment(given.Where(setting => !IsFromFile(setting)).ToDictionary(setting => setting.Name, setting => setting.Value)));
        configuration.AddFlatEnvironmentNames();
        return configuration;

        static bool IsFromFile((string Name, string Value) setting) => setting.Name.StartsWith("file:", StringComparison.Ordinal);
    }

    // In the place of the process's environment, which all tests share.
    private sealed class GivenEnvironment(Dictionary<string, string> variables) : EnvironmentVariablesConfigurationSource, IConfigurationSource
    {
        IConfigurationProvider IConfigurationSource.Build(IConfigurationBuilder builder) => new Provider(variables);

        private sealed class Provider(Dictionary<string, string> variables) : ConfigurationProvider
        {
            public override void Load()
            {
                foreach (var (name, value) in variables) Set(name, value);
            }
        }
    }
}
