namespace Dograh.Webhooks.Deliveries;

/// <summary>What a node's <c>retry_config</c>, and the settings it overrides, may hold.</summary>
public static class RetryConfigLimits
{
    /// <summary>The fewest attempts.</summary>
    public const int MinAttempts = 1;

    /// <summary>The most attempts.</summary>
    public const int MaxAttempts = 20;

    /// <summary>The longest delay: a day.</summary>
    public const double MaxDelaySeconds = 86_400;

    /// <summary>The shortest deadline of an attempt.</summary>
    public const double MinTimeoutSeconds = 1;

    /// <summary>The longest deadline of an attempt.</summary>
    public const double MaxTimeoutSeconds = 60;
}
