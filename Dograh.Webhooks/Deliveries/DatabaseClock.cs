namespace Dograh.Webhooks.Deliveries;

/// <summary>The database's time, as this process last read it plus what has passed since on its monotonic clock.</summary>
/// <remarks>The machine's own wall clock is never asked, so that it may be wrong. Set again at every sweep, for clocks drift.</remarks>
public sealed class DatabaseClock(DeliveryStore store, TimeProvider time)
{
    private sealed record Reading(DateTimeOffset DatabaseNow, long Timestamp);

    private const int MaxReadings = 8;
    private static readonly TimeSpan ShortRoundTrip = TimeSpan.FromMilliseconds(0.5);

    private Reading? _reading;

    /// <summary>The database's time now.</summary>
    /// <exception cref="InvalidOperationException"><see cref="SynchronizeAsync"/> has never succeeded.</exception>
    public DateTimeOffset Now
    {
        get
        {
            var reading = Volatile.Read(ref _reading) ?? throw new InvalidOperationException("The database's clock has not been read yet.");
            return reading.DatabaseNow + time.GetElapsedTime(reading.Timestamp);
        }
    }

    /// <summary>Reads the database's clock; the answer is taken to hold for the middle of the round trip.</summary>
    /// <remarks>
    /// Half a round trip is how wrong that may be, and the first one of a process is long: it opens a connection and compiles code. A clock that is
    /// behind delays every delivery by as much, so of some readings the one with the shortest way is taken.
    /// </remarks>
    public async Task SynchronizeAsync(CancellationToken cancellationToken)
    {
        var shortest = TimeSpan.MaxValue;
        Reading? best = null;
        for (var i = 0; i < MaxReadings && shortest > ShortRoundTrip; i++)
        {
            var before = time.GetTimestamp();
            var databaseNow = await store.GetNowAsync(cancellationToken);
            var roundTrip = time.GetElapsedTime(before);
            if (roundTrip >= shortest) continue;
            shortest = roundTrip;
            best = new Reading(databaseNow + (roundTrip / 2), time.GetTimestamp());
        }

        Volatile.Write(ref _reading, best);
    }
}
