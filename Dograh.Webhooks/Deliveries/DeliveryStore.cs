using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Npgsql;

namespace Dograh.Webhooks.Deliveries;

/// <summary>A worker's door to the rows: claim, record, give back, look for what is due.</summary>
/// <remarks>
/// Each call is one transaction. Deadlocks and serialization failures are tried again here; every other error is the caller's. So is a lock that was waited for in vain
/// (a worker's sessions wait <see cref="WorkerSessions.LockTimeout"/>): the batch is then written around what is locked, by the methods whose names say so.
/// </remarks>
public sealed class DeliveryStore(NpgsqlDataSource dataSource)
{
    private const int MaxTries = 5;

    // Any key that the whole system agrees on; it spells "dograh".
    private const long SweepLock = 0x646F_6772_6168;

    /// <summary>Claims what is due among the keys.</summary>
    /// <param name="keys">The keys to try, in any order.</param>
    /// <param name="worker">Who claims.</param>
    /// <param name="leaseMargin">How much longer than its attempt's deadline each lease lasts.</param>
    public Task<ClaimResult> ClaimAsync(IReadOnlyCollection<DeliveryKey> keys, string worker, TimeSpan leaseMargin)
    {
        var sorted = keys.Distinct().Order().ToList();
        // Without a token: a claim that is cut off may have happened, and its rows would be stranded until their leases end.
        return WithRetryAsync(connection => ClaimDeliveries.ExecuteAsync(connection, sorted, worker, leaseMargin, CancellationToken.None), CancellationToken.None);
    }

    /// <summary>Claims what is due among the keys, and waits for no row that somebody else has locked.</summary>
    /// <param name="keys">The keys to try, in any order.</param>
    /// <param name="worker">Who claims.</param>
    /// <param name="leaseMargin">How much longer than its attempt's deadline each lease lasts.</param>
    /// <returns>The claim, and what is locked.</returns>
    public Task<(ClaimResult Written, IReadOnlySet<DeliveryKey> Locked)> ClaimAroundLockedAsync(IReadOnlyCollection<DeliveryKey> keys, string worker, TimeSpan leaseMargin) =>
        AroundLockedAsync(
            keys.Distinct().Order().ToList(), key => key,
            (connection, free) => ClaimDeliveries.ExecuteAsync(connection, free, worker, leaseMargin, CancellationToken.None), CancellationToken.None);

    /// <summary>Records outcomes, each fenced by its claim.</summary>
    /// <param name="records">At most one a delivery, in any order.</param>
    /// <param name="worker">Who made the attempts.</param>
    /// <param name="cancellationToken">Rolls back.</param>
    /// <returns>The deliveries that were written; those missing were lost to somebody else.</returns>
    public Task<IReadOnlyDictionary<DeliveryKey, Recorded>> RecordAsync(
        IReadOnlyCollection<AttemptRecord> records, string worker, CancellationToken cancellationToken)
    {
        var sorted = records.OrderBy(record => record.Key).ToList();
        return WithRetryAsync(connection => RecordAttempts.ExecuteAsync(connection, sorted, worker, cancellationToken), cancellationToken);
    }

    /// <summary>Records outcomes, and waits for no row that somebody else has locked.</summary>
    /// <param name="records">At most one a delivery, in any order.</param>
    /// <param name="worker">Who made the attempts.</param>
    /// <param name="cancellationToken">Rolls back.</param>
    /// <returns>The deliveries that were written, and what is locked; those missing from both were lost to somebody else.</returns>
    public Task<(IReadOnlyDictionary<DeliveryKey, Recorded> Written, IReadOnlySet<DeliveryKey> Locked)> RecordAroundLockedAsync(
        IReadOnlyCollection<AttemptRecord> records, string worker, CancellationToken cancellationToken) =>
        AroundLockedAsync(
            records.OrderBy(record => record.Key).ToList(), record => record.Key,
            (connection, free) => RecordAttempts.WriteAsync(connection, free, worker, cancellationToken), cancellationToken);

    /// <summary>Gives claims back without counting an attempt.</summary>
    /// <param name="claims">At most one a delivery, in any order.</param>
    /// <param name="maxAge">The greatest age at which a delivery may be deferred.</param>
    /// <param name="cancellationToken">Leaves the claims as they are.</param>
    public Task<IReadOnlyDictionary<DeliveryKey, (DeliveryStatus Status, DateTimeOffset DueAt)>> ReturnAsync(
        IReadOnlyCollection<ReturnedClaim> claims, TimeSpan maxAge, CancellationToken cancellationToken)
    {
        var sorted = claims.OrderBy(claim => claim.Key).ToList();
        return WithRetryAsync(connection => ReturnClaims.ExecuteAsync(connection, sorted, maxAge, cancellationToken), cancellationToken);
    }

    /// <summary>Gives claims back, and waits for no row that somebody else has locked.</summary>
    /// <param name="claims">At most one a delivery, in any order.</param>
    /// <param name="maxAge">The greatest age at which a delivery may be deferred.</param>
    /// <param name="cancellationToken">Leaves the claims as they are.</param>
    /// <returns>The deliveries that were written, and what is locked; those missing from both were lost to somebody else.</returns>
    public Task<(IReadOnlyDictionary<DeliveryKey, (DeliveryStatus Status, DateTimeOffset DueAt)> Written, IReadOnlySet<DeliveryKey> Locked)> ReturnAroundLockedAsync(
        IReadOnlyCollection<ReturnedClaim> claims, TimeSpan maxAge, CancellationToken cancellationToken) =>
        AroundLockedAsync(
            claims.OrderBy(claim => claim.Key).ToList(), claim => claim.Key,
            (connection, free) => ReturnClaims.ExecuteAsync(connection, free, maxAge, cancellationToken), cancellationToken);

    /// <summary>Whether a claim still holds its delivery.</summary>
    public Task<bool> IsHeldAsync(ClaimedDelivery delivery, CancellationToken cancellationToken) =>
        WithRetryAsync(connection => FindClaim.ExecuteAsync(connection, delivery.Key, delivery.Token, cancellationToken), cancellationToken);

    /// <summary>Reads a page of due keys, oldest first. A hint only.</summary>
    public Task<IReadOnlyList<DueDelivery>> FindDueAsync(DueDelivery? after, int limit, CancellationToken cancellationToken) =>
        WithRetryAsync(connection => FindDueDeliveries.ExecuteAsync(connection, after, limit, cancellationToken), cancellationToken);

    /// <summary>Reads when the pending ones among the keys are due.</summary>
    public Task<IReadOnlyList<DueDelivery>> FindDueTimesAsync(IReadOnlyCollection<DeliveryKey> keys, CancellationToken cancellationToken)
    {
        var sorted = keys.Order().ToList();
        return WithRetryAsync(connection => FindDueTimes.ExecuteAsync(connection, sorted, cancellationToken), cancellationToken);
    }

    /// <summary>Lists deliveries that a build from before the listings has stored.</summary>
    /// <returns>How many, at most <paramref name="limit"/>.</returns>
    public Task<int> ListUnlistedAsync(int limit, CancellationToken cancellationToken) =>
        WithRetryAsync(connection => ListDeliveries.ExecuteAsync(connection, limit, cancellationToken), cancellationToken);

    /// <summary>Runs a sweep's work under the advisory lock that all workers share.</summary>
    /// <param name="sweep">The work.</param>
    /// <param name="keptFor">How long the lock is kept at most: a worker that stands still, or can be reached no more, must not keep the others from sweeping.</param>
    /// <param name="cancellationToken">Gives the lock back.</param>
    /// <returns>False if another worker is sweeping now, and nothing was run.</returns>
    public async Task<bool> WithSweepLockAsync(Func<Task> sweep, TimeSpan keptFor, CancellationToken cancellationToken)
    {
        await using var held = await AdvisoryLock.TryTakeAsync(dataSource, SweepLock, keptFor, cancellationToken);
        if (held is null) return false;
        await sweep();
        return true;
    }

    /// <summary>The database's clock.</summary>
    public async Task<DateTimeOffset> GetNowAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT clock_timestamp()");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetFieldValue<DateTimeOffset>(0);
    }

    private Task<(T Written, IReadOnlySet<DeliveryKey> Locked)> AroundLockedAsync<TRow, T>(
        IReadOnlyList<TRow> rows, Func<TRow, DeliveryKey> keyOf, Func<NpgsqlConnection, IReadOnlyList<TRow>, Task<T>> write, CancellationToken cancellationToken) =>
        WithRetryAsync(
            async connection =>
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                var locked = await LockDeliveries.ExecuteAsync(connection, rows.Select(keyOf).ToList(), cancellationToken);
                var written = await write(connection, rows.Where(row => !locked.Contains(keyOf(row))).ToList());
                await transaction.CommitAsync(cancellationToken);
                return (written, locked);
            },
            cancellationToken);

    private async Task<T> WithRetryAsync<T>(Func<NpgsqlConnection, Task<T>> statement, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            try
            {
                return await statement(connection);
            }
            catch (PostgresException e) when (
                e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure && tries < MaxTries)
            {
                // PostgreSQL rolled everything back; the same statement is simply run again.
            }
        }
    }
}
