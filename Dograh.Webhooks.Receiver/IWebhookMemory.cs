namespace Dograh.Webhooks.Receiver;

/// <summary>Remembers which webhooks are done. <see cref="InMemoryWebhooks"/> does so for one process; several need one that they share, such as Redis or a table.</summary>
public interface IWebhookMemory
{
    /// <summary>Says whose turn it is; of any number that ask at once for the same id one gets <see cref="WebhookTurn.Yours"/>.</summary>
    ValueTask<WebhookTurn> BeginAsync(string id, CancellationToken cancellationToken);

    /// <summary>Ends a turn: it is done for good, or will be done when it comes again.</summary>
    ValueTask EndAsync(string id, bool isDone, CancellationToken cancellationToken);
}
