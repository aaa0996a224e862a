namespace Dograh.Api.Figures;

/// <summary>Keeps figures for a moment, so that any number of viewers costs what one costs.</summary>
/// <remarks>
/// What is asked for is read once for all who ask at that time, and kept for ten times as long as reading it took: a figure that is cheap is always new, and one that is not takes a tenth of one connection's time,
/// however many look at it. One that takes a second or more is shown once more while it is read anew, rather than having its viewers wait. Each API keeps its own.
/// </remarks>
internal sealed class FiguresCache<TKey, TValue>(TimeProvider time, TimeSpan leastAge) where TKey : notnull
{
    // Of the time that is spent on a figure that somebody always looks at.
    private const int CostFactor = 10;

    private const int MaxEntries = 1000;

    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Entry> _entries = [];

    /// <summary>How many figures are kept.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _entries.Count;
        }
    }

    /// <summary>The figure; it is read if it is not there or too old.</summary>
    /// <param name="key">Whose and which.</param>
    /// <param name="read">Reads it, for everybody who asks: it does not end when one of them goes away.</param>
    /// <param name="cancellationToken">Ends this caller's wait.</param>
    /// <exception cref="Exception">Whatever <paramref name="read"/> throws, to everybody who waits for it; it is not kept.</exception>
    public Task<TValue> GetAsync(TKey key, Func<Task<TValue>> read, CancellationToken cancellationToken)
    {
        Task<TValue> reading;
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var entry))
            {
                if (_entries.Count >= MaxEntries) MakeRoom();
                _entries[key] = entry = new Entry();
            }

            var kept = entry.Kept;
            var age = kept is null ? TimeSpan.MaxValue : time.GetElapsedTime(kept.At);
            if (kept is not null && age < Max(leastAge, CostFactor * kept.Cost)) return Task.FromResult(kept.Value);
            reading = entry.Reading ??= Task.Run(() => ReadAsync(entry, read), CancellationToken.None);
            if (kept is not null && kept.Cost >= Noticeable && age < 2 * CostFactor * kept.Cost) return Task.FromResult(kept.Value);
        }

        return reading.WaitAsync(cancellationToken);
    }

    private async Task<TValue> ReadAsync(Entry entry, Func<Task<TValue>> read)
    {
        var begun = time.GetTimestamp();
        try
        {
            var value = await read();
            lock (_lock) entry.Kept = new Kept(value, begun, time.GetElapsedTime(begun));
            return value;
        }
        finally
        {
            lock (_lock) entry.Reading = null;
        }
    }

    private void MakeRoom()
    {
        foreach (var (key, _) in _entries.Where(pair => pair.Value.Reading is null && (pair.Value.Kept is not { } kept || time.GetElapsedTime(kept.At) > Idle)).ToList()) _entries.Remove(key);
        // So many at once: they are read once more than they would have to be.
        if (_entries.Count >= MaxEntries) _entries.Clear();
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private sealed class Entry
    {
        public Kept? Kept { get; set; }

        public Task<TValue>? Reading { get; set; }
    }

    private sealed record Kept(TValue Value, long At, TimeSpan Cost);
}
