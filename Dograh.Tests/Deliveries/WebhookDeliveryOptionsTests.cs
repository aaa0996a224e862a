using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Deliveries;

public sealed class WebhookDeliveryOptionsTests
{
    // What is wrong with an otherwise good set of options, and the beginning of what is said of it.
    public static TheoryData<string, double, string> Faults => new()
    {
        { "MaxAttempts", 0, "WebhookDelivery:MaxAttempts (WEBHOOK_DELIVERY_MAX_ATTEMPTS) must be from 1 to 20, but is 0." },
        { "MaxAttempts", 21, "WebhookDelivery:MaxAttempts (WEBHOOK_DELIVERY_MAX_ATTEMPTS) must be from 1 to 20, but is 21." },
        { "BaseDelaySeconds", -1, "WebhookDelivery:BaseDelaySeconds (WEBHOOK_DELIVERY_BASE_DELAY_SECONDS) must be from 0 to 86400, but is -1." },
        { "BaseDelaySeconds", double.NaN, "WebhookDelivery:BaseDelaySeconds (WEBHOOK_DELIVERY_BASE_DELAY_SECONDS) must be from 0 to 86400, but is NaN." },
        { "MaxDelaySeconds", 86_401, "WebhookDelivery:MaxDelaySeconds (WEBHOOK_DELIVERY_MAX_DELAY_SECONDS) must be from 0 to 86400" },
        { "MaxDelaySeconds", double.PositiveInfinity, "WebhookDelivery:MaxDelaySeconds (WEBHOOK_DELIVERY_MAX_DELAY_SECONDS) must be from 0 to 86400" },
        { "TimeoutSeconds", 0.9, "WebhookDelivery:TimeoutSeconds (WEBHOOK_DELIVERY_TIMEOUT_SECONDS) must be from 1 to 60, but is 0.9." },
        { "TimeoutSeconds", 61, "WebhookDelivery:TimeoutSeconds (WEBHOOK_DELIVERY_TIMEOUT_SECONDS) must be from 1 to 60, but is 61." },
        { "LeaseMarginSeconds", 0, "WebhookDelivery:LeaseMarginSeconds (WEBHOOK_DELIVERY_LEASE_MARGIN_SECONDS) must be from " },
        { "JitterRatio", 1.1, "WebhookDelivery:JitterRatio (WEBHOOK_DELIVERY_JITTER_RATIO) must be from 0 to 1, but is 1.1." },
        { "SweepIntervalSeconds", 0, "WebhookDelivery:SweepIntervalSeconds (WEBHOOK_DELIVERY_SWEEP_INTERVAL_SECONDS) must be from 0.1 to 3600" },
        { "MaxAgeSeconds", 0, "WebhookDelivery:MaxAgeSeconds (WEBHOOK_DELIVERY_MAX_AGE_SECONDS) must be from 1 to " },
        { "Concurrency", 0, "WebhookDelivery:Concurrency (WEBHOOK_DELIVERY_CONCURRENCY) must be from 1 to 10000, but is 0." },
        { "ConcurrencyPerOrigin", 10_001, "WebhookDelivery:ConcurrencyPerOrigin (WEBHOOK_DELIVERY_CONCURRENCY_PER_ORIGIN) must be from 1 to 10000" },
        { "CircuitFailureRatio", 0, "WebhookDelivery:CircuitFailureRatio (WEBHOOK_DELIVERY_CIRCUIT_FAILURE_RATIO) must be from 0.01 to 1, but is 0." },
        { "CircuitMinimumAttempts", 1, "WebhookDelivery:CircuitMinimumAttempts (WEBHOOK_DELIVERY_CIRCUIT_MINIMUM_ATTEMPTS) must be from 2 to " },
        { "CircuitWindowSeconds", 0.1, "WebhookDelivery:CircuitWindowSeconds (WEBHOOK_DELIVERY_CIRCUIT_WINDOW_SECONDS) must be from 0.5 to 86400" },
        { "CircuitBreakSeconds", 0.1, "WebhookDelivery:CircuitBreakSeconds (WEBHOOK_DELIVERY_CIRCUIT_BREAK_SECONDS) must be from 0.5 to 86400" },
        { "ReplayPerSecond", 0, "WebhookDelivery:ReplayPerSecond (WEBHOOK_DELIVERY_REPLAY_PER_SECOND) must be from 0.01 to " },
        { "ShutdownGraceSeconds", -1, "WebhookDelivery:ShutdownGraceSeconds (WEBHOOK_DELIVERY_SHUTDOWN_GRACE_SECONDS) must be from 0 to 3600, but is -1." },
        { "QueueShards", 0, "WebhookDelivery:QueueShards (WEBHOOK_DELIVERY_QUEUE_SHARDS) must be from 1 to 1024, but is 0." },
    };

    [Fact]
    public void The_defaults_are_those_of_the_design_and_are_valid()
    {
        var defaults = new WebhookDeliveryOptions();

        Assert.Equivalent(
            new
            {
                MaxAttempts = 5,
                BaseDelaySeconds = 30.0,
                MaxDelaySeconds = 600.0,
                TimeoutSeconds = 30.0,
                LeaseMarginSeconds = 60.0,
                JitterRatio = 0.1,
                SweepIntervalSeconds = 60.0,
                MaxAgeSeconds = 86_400.0,
                Concurrency = 256,
                ConcurrencyPerOrigin = 64,
                CircuitFailureRatio = 0.5,
                CircuitMinimumAttempts = 20,
                CircuitWindowSeconds = 30.0,
                CircuitBreakSeconds = 30.0,
                ReplayPerSecond = 200.0,
                ShutdownGraceSeconds = 30.0,
                QueueShards = 1,
            },
            defaults, strict: true);
        Assert.True(new WebhookDeliveryOptionsValidator().Validate(null, defaults).Succeeded);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_value_that_cannot_work_is_refused_by_both_names_of_its_setting(string setting, double value, string message)
    {
        var options = new WebhookDeliveryOptions();
        var property = typeof(WebhookDeliveryOptions).GetProperty(setting)!;
        property.SetValue(options, Convert.ChangeType(value, property.PropertyType, System.Globalization.CultureInfo.InvariantCulture));

        var failure = Assert.Single(new WebhookDeliveryOptionsValidator().Validate(null, options).Failures!);

        Assert.StartsWith(message, failure, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_setting_has_a_case_above() =>
        Assert.Equal(
            typeof(WebhookDeliveryOptions).GetProperties().Select(property => property.Name).Order(StringComparer.Ordinal),
            Faults.Select(fault => fault.Data.Item1).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void All_faults_are_told_at_once()
    {
        var result = new WebhookDeliveryOptionsValidator().Validate(null, new WebhookDeliveryOptions { MaxAttempts = 0, Concurrency = 0, QueueShards = 0 });

        Assert.Equal(3, result.Failures!.Count());
    }
}
