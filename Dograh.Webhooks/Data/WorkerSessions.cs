using Npgsql;

namespace Dograh.Webhooks.Data;

/// <summary>What a worker's sessions in PostgreSQL never do: wait for somebody else's lock for long, or keep their own in silence.</summary>
/// <remarks>
/// A batch is of hundreds of deliveries, of anybody's. One row of it that somebody keeps locked (a transaction that was left open at a prompt, a bulk call over a hundred
/// thousand rows, a process that is frozen between two statements) must not hold up all the others.
/// </remarks>
public static class WorkerSessions
{
    /// <summary>How long a statement waits for a lock.</summary>
    public static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(0.5);

    // A worker that is frozen while it records keeps the locks of its batch until PostgreSQL ends its session.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    private static readonly string Sql =
        $"SET lock_timeout = {LockTimeout.TotalMilliseconds}; SET idle_in_transaction_session_timeout = {Silence.TotalMilliseconds}";

    /// <summary>Has every connection of the data source behave so.</summary>
    internal static void Configure(NpgsqlDataSourceBuilder builder) => builder.UsePhysicalConnectionInitializer(
        connection =>
        {
            using var command = new NpgsqlCommand(Sql, connection);
            command.ExecuteNonQuery();
        },
        async connection =>
        {
            await using var command = new NpgsqlCommand(Sql, connection);
            await command.ExecuteNonQueryAsync();
        });
}
