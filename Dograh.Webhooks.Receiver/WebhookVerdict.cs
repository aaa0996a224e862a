namespace Dograh.Webhooks.Receiver;

/// <summary>What came of verifying a webhook.</summary>
public enum WebhookVerdict
{
    /// <summary>It was signed with one of the secrets, just now.</summary>
    Valid,

    /// <summary><c>webhook-id</c>, <c>webhook-timestamp</c> or <c>webhook-signature</c> is missing.</summary>
    HeaderMissing,

    /// <summary><c>webhook-timestamp</c> is not a number of seconds.</summary>
    TimestampMalformed,

    /// <summary>It was signed longer ago than is tolerated: somebody may be sending again what he once overheard.</summary>
    TimestampTooOld,

    /// <summary>It was signed further in the future than is tolerated: one of the two clocks is wrong.</summary>
    TimestampTooNew,

    /// <summary>No signature is of these bytes with any of the secrets.</summary>
    SignatureWrong,
}
