namespace Dograh.Webhooks.Deliveries;

/// <summary>The database's time, as this process last read it plus what has passed since on its monotonic clock.</summary>
/// <remarks>The machine's own wall clock is never asked, so that it may be wrong. Set again at every sweep, for clocks drift.</remarks>
public sealed class DatabaseClock(DeliveryStore store, TimeProvider time)
{
    private sealed record Reading(DateTimeOffset DatabaseNow, long Timestamp);

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
    public async Task SynchronizeAsync(CancellationToken cancellationToken)
    {
        var before = time.GetTimestamp();
        var databaseNow = await store.GetNowAsync(cancellationToken);
        var after = time.GetTimestamp();
        Volatile.Write(ref _reading, new Reading(databaseNow, before + ((after - before) / 2)));
    }
}
