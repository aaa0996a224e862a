namespace Dograh.Webhooks.Receiver;

/// <summary>A webhook is not what it claims to be. The message quotes nothing of it.</summary>
public sealed class WebhookVerificationException(WebhookVerdict verdict) : Exception($"The webhook was refused: {verdict}.")
{
    /// <summary>Why.</summary>
    public WebhookVerdict Verdict { get; } = verdict;
}
