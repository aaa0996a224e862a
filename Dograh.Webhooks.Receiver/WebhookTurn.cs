namespace Dograh.Webhooks.Receiver;

/// <summary>What to do with a webhook that has come.</summary>
public enum WebhookTurn
{
    /// <summary>It is new, or was not done when it came before: do it.</summary>
    Yours,

    /// <summary>It is being done at this moment, for an earlier attempt: ask the sender to come again.</summary>
    UnderWay,

    /// <summary>It is done: say so again, and do nothing.</summary>
    Done,
}
