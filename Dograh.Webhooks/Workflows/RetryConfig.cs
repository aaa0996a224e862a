using System.Text.Json;

namespace Dograh.Webhooks.Workflows;

/// <summary>A node's own attempts, delays and deadline; null is the setting's.</summary>
/// <param name="MaxAttempts">Attempts before a dead letter.</param>
/// <param name="BaseDelaySeconds">The first backoff.</param>
/// <param name="MaxDelaySeconds">The longest backoff.</param>
/// <param name="TimeoutSeconds">The total deadline of an attempt.</param>
public sealed record RetryConfig(
    int? MaxAttempts = null, double? BaseDelaySeconds = null, double? MaxDelaySeconds = null, double? TimeoutSeconds = null)
{
    /// <summary>Reads a node's <c>retry_config</c>; anything that is not a number is left to the setting.</summary>
    public static RetryConfig Read(JsonElement config)
    {
        return new RetryConfig(
            ReadNumber("max_attempts") is { } attempts ? (int)attempts : null,
            ReadNumber("base_delay_seconds"), ReadNumber("max_delay_seconds"), ReadNumber("timeout_seconds"));

        double? ReadNumber(string name) =>
            config.ValueKind == JsonValueKind.Object && config.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
                ? value.GetDouble()
                : null;
    }
}
