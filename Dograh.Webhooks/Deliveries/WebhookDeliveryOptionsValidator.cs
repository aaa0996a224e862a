using Dograh.Webhooks.Configuration;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Deliveries;

/// <summary>Stops the process at start over a setting that cannot work, and names it.</summary>
public sealed class WebhookDeliveryOptionsValidator : IValidateOptions<WebhookDeliveryOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, WebhookDeliveryOptions options)
    {
        var faults = new List<string>();
        Check(nameof(options.MaxAttempts), options.MaxAttempts, RetryConfigLimits.MinAttempts, RetryConfigLimits.MaxAttempts);
        Check(nameof(options.BaseDelaySeconds), options.BaseDelaySeconds, 0, RetryConfigLimits.MaxDelaySeconds);
        Check(nameof(options.MaxDelaySeconds), options.MaxDelaySeconds, 0, RetryConfigLimits.MaxDelaySeconds);
        Check(nameof(options.TimeoutSeconds), options.TimeoutSeconds, RetryConfigLimits.MinTimeoutSeconds, RetryConfigLimits.MaxTimeoutSeconds);
        Check(nameof(options.LeaseMarginSeconds), options.LeaseMarginSeconds, 1, 3_600);
        Check(nameof(options.JitterRatio), options.JitterRatio, 0, 1);
        Check(nameof(options.SweepIntervalSeconds), options.SweepIntervalSeconds, 0.1, 3_600);
        Check(nameof(options.MaxAgeSeconds), options.MaxAgeSeconds, 1, 31_536_000);
        Check(nameof(options.Concurrency), options.Concurrency, 1, 10_000);
        Check(nameof(options.ConcurrencyPerOrigin), options.ConcurrencyPerOrigin, 1, 10_000);
        Check(nameof(options.CircuitFailureRatio), options.CircuitFailureRatio, 0.01, 1);
        Check(nameof(options.CircuitMinimumAttempts), options.CircuitMinimumAttempts, 2, 1_000_000);
        Check(nameof(options.CircuitWindowSeconds), options.CircuitWindowSeconds, 0.5, 86_400);
        Check(nameof(options.CircuitBreakSeconds), options.CircuitBreakSeconds, 0.5, 86_400);
        Check(nameof(options.ReplayPerSecond), options.ReplayPerSecond, 0.01, 1_000_000);
        Check(nameof(options.ShutdownGraceSeconds), options.ShutdownGraceSeconds, 0, 3_600);
        Check(nameof(options.QueueShards), options.QueueShards, 1, 1_024);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Check(string setting, double value, double min, double max)
        {
            // Written so that NaN fails too.
            if (value >= min && value <= max) return;
            var described = FlatEnvironmentNames.Describe($"{WebhookDeliveryOptions.SectionName}:{setting}");
            faults.Add($"{described} must be from {min} to {max}, but is {value}.");
        }
    }
}
