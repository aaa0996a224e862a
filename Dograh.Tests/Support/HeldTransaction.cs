using Npgsql;

namespace Dograh.Tests.Support;

/// <summary>A transaction that stays open, with the locks of its statement, until it is committed or, disposed, rolled back.</summary>
internal sealed class HeldTransaction : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private HeldTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        _connection = connection;
        _transaction = transaction;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Begins one with a statement.</summary>
    public static async Task<HeldTransaction> BeginAsync(TestDatabase database, string sql)
    {
        var connection = await database.DataSource.OpenConnectionAsync(Token);
        var held = new HeldTransaction(connection, await connection.BeginTransactionAsync(Token));
        await using var command = new NpgsqlCommand(sql, connection, held._transaction);
        await command.ExecuteNonQueryAsync(Token);
        return held;
    }

    /// <summary>How many sessions wait for a lock.</summary>
    public static Task<long> CountWaitingAsync(TestDatabase database) =>
        database.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");

    public Task CommitAsync() => _transaction.CommitAsync(Token);

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
