namespace Dograh.Webhooks.Quotas;

/// <summary>An organization wants more than its quota; nothing was stored.</summary>
/// <param name="quota">The quota's name in the API.</param>
/// <param name="limit">How much it is.</param>
/// <param name="use">How much there would be.</param>
/// <param name="retryAfter">When there may be room; null if waiting is no use.</param>
public sealed class QuotaExceededException(string quota, long limit, long use, TimeSpan? retryAfter)
    : Exception($"The organization's quota {quota} is {limit}, and this would make {use}; nothing was stored.")
{
    /// <summary>The quota's name in the API.</summary>
    public string Quota { get; } = quota;

    /// <summary>How much it is.</summary>
    public long Limit { get; } = limit;

    /// <summary>How much there would be.</summary>
    public long Use { get; } = use;

    /// <summary>When there may be room; null if waiting is no use.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
