using System.Collections.Concurrent;

namespace Dograh.Chaos.Load;

/// <summary>What the clients know: which runs they sent, and which deliveries the API has promised.</summary>
internal sealed class Ledger
{
    private readonly List<Guid> _recent = [];

    /// <summary>Every run that was ever sent, by the reference that its payload carries.</summary>
    public ConcurrentDictionary<string, SentRun> Runs { get; } = new();

    /// <summary>Answers that a client has no use for: neither 2xx, nor 503, nor what its request deserved.</summary>
    public ConcurrentQueue<string> OddAnswers { get; } = new();

    /// <summary>How many requests were sent again.</summary>
    public long Retries;

    /// <summary>Notes a 2xx.</summary>
    public void Accept(string reference, Guid delivery)
    {
        Runs[reference].Deliveries.TryAdd(delivery, true);
        lock (_recent)
        {
            if (_recent.Count >= 200) _recent.RemoveAt(0);
            _recent.Add(delivery);
        }
    }

    /// <summary>One of those that were accepted of late; null if there is none.</summary>
    public Guid? Recent(Func<int, int> choose)
    {
        lock (_recent) return _recent.Count == 0 ? null : _recent[choose(_recent.Count)];
    }
}

/// <summary>A run as its client knows it.</summary>
/// <param name="HasKey">Whether it was sent, and sent again, under an idempotency key.</param>
internal sealed record SentRun(bool HasKey)
{
    /// <summary>The deliveries that 2xx answers have named: one, if all is well.</summary>
    public ConcurrentDictionary<Guid, bool> Deliveries { get; } = new();
}
