namespace Dograh.Webhooks.Receiver;

/// <summary>Remembers in this process which webhooks are done, for a time and up to a number.</summary>
/// <param name="keptFor">How long an id is remembered; a day if null.</param>
/// <param name="capacity">How many are; the oldest is forgotten for the newest.</param>
/// <param name="time">The clock; the machine's if null.</param>
public sealed class InMemoryWebhooks(TimeSpan? keptFor = null, int capacity = 100_000, TimeProvider? time = null) : IWebhookMemory
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _underWay = new(StringComparer.Ordinal);
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);
    private readonly Queue<(string Id, long At)> _order = new();
    private readonly TimeSpan _keptFor = keptFor ?? TimeSpan.FromDays(1);
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <inheritdoc />
    public ValueTask<WebhookTurn> BeginAsync(string id, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            while (_order.TryPeek(out var oldest) && _time.GetElapsedTime(oldest.At) >= _keptFor) Forget();
            return ValueTask.FromResult(_done.Contains(id) ? WebhookTurn.Done : _underWay.Add(id) ? WebhookTurn.Yours : WebhookTurn.UnderWay);
        }
    }

    /// <inheritdoc />
    public ValueTask EndAsync(string id, bool isDone, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _underWay.Remove(id);
            if (isDone && _done.Add(id)) _order.Enqueue((id, _time.GetTimestamp()));
            while (_order.Count > capacity) Forget();
        }

        return ValueTask.CompletedTask;
    }

    private void Forget() => _done.Remove(_order.Dequeue().Id);
}
