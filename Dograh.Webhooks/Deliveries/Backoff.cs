namespace Dograh.Webhooks.Deliveries;

/// <summary>The wait before the next attempt.</summary>
public static class Backoff
{
    /// <summary>The longest wait that a receiver's <c>Retry-After</c> can ask for.</summary>
    public static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(1);

    /// <summary>
    /// <c>min(base × 2^(n-1), max)</c> after the n-th failed attempt, plus a random part of it; or the receiver's
    /// <c>Retry-After</c> (at most an hour) where that is later.
    /// </summary>
    /// <param name="failedAttempts">How many attempts have failed, this one included; at least 1.</param>
    /// <param name="baseDelaySeconds">The first wait.</param>
    /// <param name="maxDelaySeconds">The longest wait, jitter apart.</param>
    /// <param name="jitterRatio">The largest random part, 0–1.</param>
    /// <param name="random">A number in [0, 1).</param>
    /// <param name="retryAfter">What the receiver asked for; null if nothing.</param>
    /// <returns>The wait in seconds: finite, never negative.</returns>
    public static double AfterAttempt(
        int failedAttempts, double baseDelaySeconds, double maxDelaySeconds, double jitterRatio, double random, TimeSpan? retryAfter = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failedAttempts, 1);

        // 2^1023 is the largest power a double holds; the minimum with max comes before anything could overflow further.
        var exponent = Math.Min(failedAttempts - 1, 1000);
        var delay = baseDelaySeconds == 0 ? 0 : Math.Min(baseDelaySeconds * Math.Pow(2, exponent), maxDelaySeconds);
        delay += delay * jitterRatio * random;

        if (retryAfter is not { } asked) return delay;
        return Math.Max(delay, Math.Clamp(asked.TotalSeconds, 0, MaxRetryAfter.TotalSeconds));
    }
}
