namespace Dograh.Chaos;

/// <summary>The settings of the services under chaos: as in earnest, but in seconds where that is minutes.</summary>
internal static class ChaosLimits
{
    public const int Apis = 2;
    public const int Workers = 3;
    public const int Concurrency = 32;
    public const double TimeoutSeconds = 2;
    public const double LeaseMarginSeconds = 4;
    public const double LeaseSeconds = TimeoutSeconds + LeaseMarginSeconds;

    /// <summary>The most that a worker can have in its hands: being sent, and waiting to be recorded.</summary>
    public const int MostHeld = 3 * Concurrency;

    /// <summary>What every service is told.</summary>
    public static Dictionary<string, string?> Environment { get; } = new()
    {
        ["EGRESS_ALLOWED_NETWORKS"] = "127.0.0.0/8",
        ["WebhookDelivery__MaxAttempts"] = "6",
        ["WebhookDelivery__BaseDelaySeconds"] = "0.2",
        ["WebhookDelivery__MaxDelaySeconds"] = "1.5",
        ["WebhookDelivery__TimeoutSeconds"] = $"{TimeoutSeconds}",
        ["WebhookDelivery__LeaseMarginSeconds"] = $"{LeaseMarginSeconds}",
        ["WebhookDelivery__SweepIntervalSeconds"] = "1",
        ["WebhookDelivery__Concurrency"] = $"{Concurrency}",
        ["WebhookDelivery__CircuitWindowSeconds"] = "5",
        ["WebhookDelivery__CircuitBreakSeconds"] = "1",
        ["WebhookDelivery__ShutdownGraceSeconds"] = "5",
        ["DOTNET_gcServer"] = "0",
    };
}
