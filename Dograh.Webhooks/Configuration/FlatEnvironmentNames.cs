using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Memory;

namespace Dograh.Webhooks.Configuration;

/// <summary>The flat environment names that existing deployments use, each standing for a setting.</summary>
public static class FlatEnvironmentNames
{
    /// <summary>Environment name → setting. The documentation's table is held against this one by a test.</summary>
    public static readonly IReadOnlyDictionary<string, string> Settings = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["SECRETS_MASTER_KEY"] = "Secrets:MasterKey",
        ["SECRETS_PREVIOUS_MASTER_KEYS"] = "Secrets:PreviousMasterKeys",
        ["ADMIN_API_KEY"] = "Admin:ApiKey",
        ["WEBHOOK_DELIVERY_MAX_ATTEMPTS"] = "WebhookDelivery:MaxAttempts",
        ["WEBHOOK_DELIVERY_BASE_DELAY_SECONDS"] = "WebhookDelivery:BaseDelaySeconds",
        ["WEBHOOK_DELIVERY_MAX_DELAY_SECONDS"] = "WebhookDelivery:MaxDelaySeconds",
        ["WEBHOOK_DELIVERY_TIMEOUT_SECONDS"] = "WebhookDelivery:TimeoutSeconds",
        ["WEBHOOK_DELIVERY_LEASE_MARGIN_SECONDS"] = "WebhookDelivery:LeaseMarginSeconds",
        ["WEBHOOK_DELIVERY_JITTER_RATIO"] = "WebhookDelivery:JitterRatio",
        ["WEBHOOK_DELIVERY_SWEEP_INTERVAL_SECONDS"] = "WebhookDelivery:SweepIntervalSeconds",
        ["WEBHOOK_DELIVERY_MAX_AGE_SECONDS"] = "WebhookDelivery:MaxAgeSeconds",
        ["WEBHOOK_DELIVERY_CONCURRENCY"] = "WebhookDelivery:Concurrency",
        ["WEBHOOK_DELIVERY_CONCURRENCY_PER_ORIGIN"] = "WebhookDelivery:ConcurrencyPerOrigin",
        ["WEBHOOK_DELIVERY_CIRCUIT_FAILURE_RATIO"] = "WebhookDelivery:CircuitFailureRatio",
        ["WEBHOOK_DELIVERY_CIRCUIT_MINIMUM_ATTEMPTS"] = "WebhookDelivery:CircuitMinimumAttempts",
        ["WEBHOOK_DELIVERY_CIRCUIT_WINDOW_SECONDS"] = "WebhookDelivery:CircuitWindowSeconds",
        ["WEBHOOK_DELIVERY_CIRCUIT_BREAK_SECONDS"] = "WebhookDelivery:CircuitBreakSeconds",
        ["WEBHOOK_DELIVERY_REPLAY_PER_SECOND"] = "WebhookDelivery:ReplayPerSecond",
        ["WEBHOOK_DELIVERY_SHUTDOWN_GRACE_SECONDS"] = "WebhookDelivery:ShutdownGraceSeconds",
        ["WEBHOOK_DELIVERY_QUEUE_SHARDS"] = "WebhookDelivery:QueueShards",
        ["RETENTION_DAYS"] = "Retention:Days",
        ["RETENTION_DEAD_LETTER_DAYS"] = "Retention:DeadLetterDays",
        ["RETENTION_PAYLOAD_DAYS"] = "Retention:PayloadDays",
        ["RETENTION_AUDIT_DAYS"] = "Retention:AuditDays",
        ["EGRESS_ALLOWED_NETWORKS"] = "Egress:AllowedNetworks",
        ["EGRESS_ALLOW_HTTP"] = "Egress:AllowHttp",
        ["EGRESS_ALLOWED_PORTS"] = "Egress:AllowedPorts",
        ["EGRESS_PROXY"] = "Egress:Proxy",
        ["BINS_ENABLED"] = "Bins:Enabled",
        ["DATABASE_MIGRATE_ON_STARTUP"] = "Database:MigrateOnStartup",
    };

    /// <summary>
    /// Makes every flat name that is set stand for its setting: above the settings files, below the .NET form in the environment
    /// and the command line.
    /// </summary>
    public static void AddFlatEnvironmentNames(this IConfigurationManager configuration)
    {
        var given = Settings
            .Where(name => configuration[name.Key] is { Length: > 0 })
            .ToDictionary(name => name.Value, name => configuration[name.Key]);
        if (given.Count == 0) return;

        var sources = configuration.Sources;
        var environment = sources.ToList().FindLastIndex(source => source is EnvironmentVariablesConfigurationSource);
        sources.Insert(environment < 0 ? sources.Count : environment, new MemoryConfigurationSource { InitialData = given });
    }

    /// <summary>A setting's names as an error message should give them: <c>WebhookDelivery:MaxAttempts (WEBHOOK_DELIVERY_MAX_ATTEMPTS)</c>.</summary>
    public static string Describe(string setting) =>
        Settings.FirstOrDefault(name => name.Value == setting).Key is { } flat ? $"{setting} ({flat})" : setting;
}
