using Npgsql;

namespace Dograh.Webhooks.Data;

/// <summary>A lock in PostgreSQL that one process at a time has, for work that needs to be done once and does no harm if it is done twice.</summary>
/// <remarks>
/// The transaction's lock, not the session's: it is gone with the connection however the process ends. And if that does not end but stops (a paused machine,
/// a cut cable), PostgreSQL itself ends the session that says nothing for too long: two at once do no harm, none at all would. The transaction reads nothing,
/// so that it keeps no old row from being vacuumed.
/// </remarks>
internal sealed class AdvisoryLock : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private AdvisoryLock(NpgsqlConnection connection, NpgsqlTransaction transaction) => (_connection, _transaction) = (connection, transaction);

    /// <summary>Takes the lock.</summary>
    /// <param name="dataSource">The database.</param>
    /// <param name="key">Which lock; any number that the whole system agrees on.</param>
    /// <param name="silence">How long it is kept without a word, at most.</param>
    /// <param name="cancellationToken">Does not take it.</param>
    /// <returns>Null if somebody else has it.</returns>
    public static async Task<AdvisoryLock?> TryTakeAsync(NpgsqlDataSource dataSource, long key, TimeSpan silence, CancellationToken cancellationToken)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(
                "SELECT pg_try_advisory_xact_lock($1), set_config('idle_in_transaction_session_timeout', $2, true)", connection)
            {
                Parameters = { new() { Value = key }, new() { Value = $"{Math.Max(1, (long)silence.TotalMilliseconds)}ms" } },
            };
            if (await command.ExecuteScalarAsync(cancellationToken) is true) return new AdvisoryLock(connection, transaction);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    /// <summary>Says that the work goes on.</summary>
    /// <exception cref="NpgsqlException">The lock is lost: it was kept in silence for too long, or PostgreSQL is away.</exception>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT 1", _connection);
        await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Gives it back. One that is lost by now is nobody's to give back.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _transaction.DisposeAsync();
        }
        catch (NpgsqlException)
        {
            // The session was ended: the work was done all the same.
        }

        await _connection.DisposeAsync();
    }
}
