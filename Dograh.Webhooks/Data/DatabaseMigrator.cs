using System.Data;
using Dograh.Webhooks.Redaction;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dograh.Webhooks.Data;

/// <summary>Applies migrations, forth and back, and tells whether any are missing.</summary>
/// <remarks>
/// Safe to run from several processes at once: one after the other gets a lock in the database. EF Core's own ends with each migration's
/// transaction, and a process that waited for it would then apply the next migration beside the one that holds it.
/// <para>The version before runs on meanwhile. A change of a table must wait for whoever reads it now, and everybody who comes later waits behind that
/// change: so it waits for a short time only, steps back to let them through, and tries again.</para>
/// </remarks>
public sealed partial class DatabaseMigrator(
    IDbContextFactory<DograhDbContext> contexts, NpgsqlDataSource dataSource, TimeProvider time, ILogger<DatabaseMigrator> logger)
{
    /// <summary>The name that stands for "before the first migration".</summary>
    public const string Nothing = Migration.InitialDatabase;

    private const long MigrationLock = 0x646F_6772_6169;

    // How long the traffic may stand behind a migration that waits for a lock.
    private const int LockTimeoutMilliseconds = 1000;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LockInterval = TimeSpan.FromMilliseconds(200);
    private volatile bool _isCurrent;

    /// <summary>Applies what is missing; creates the database itself if need be.</summary>
    /// <param name="target">The migration to stop at; null for the newest, <see cref="Nothing"/> to take everything down.</param>
    /// <param name="cancellationToken">Stops between migrations.</param>
    public async Task MigrateAsync(string? target = null, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        // A lock needs a database to be taken in.
        var creator = context.GetService<IRelationalDatabaseCreator>();
        if (!await creator.ExistsAsync(cancellationToken)) await creator.CreateAsync(cancellationToken);
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await LockAsync(connection, cancellationToken);
        for (var attempt = 1; !await TryMigrateAsync(target, cancellationToken); attempt++)
        {
            LogTableInUse(logger, attempt);
            await Task.Delay(RetryDelay, time, cancellationToken);
        }

        // A connection that was opened before the enum type existed does not know it.
        await dataSource.ReloadTypesAsync(cancellationToken);
    }

    /// <summary>Applies what is missing, however long the database takes to come up, or to be written to again.</summary>
    public async Task MigrateWhenReachableAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await MigrateAsync(target: null, cancellationToken);
                LogMigrated(logger);
                return;
            }
            catch (Exception e) when (DatabaseFailure.IsUnreachable(e) || DatabaseFailure.IsBusy(e) || IsBeingCreated(e))
            {
                LogNotReachable(logger, attempt, e.GetType().Name, e.Message);
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }

    /// <summary>Waits until the database can be reached and somebody has migrated it.</summary>
    public async Task WaitUntilCurrentAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (await IsCurrentAsync(cancellationToken)) return;
                LogNotMigrated(logger, attempt);
            }
            catch (Exception e) when (DatabaseFailure.IsUnavailable(e))
            {
                LogNotReachable(logger, attempt, e.GetType().Name, e.Message);
            }

            await Task.Delay(RetryDelay, time, cancellationToken);
        }
    }

    /// <summary>Whether every migration that this build knows has been applied. A true answer is remembered.</summary>
    public async Task<bool> IsCurrentAsync(CancellationToken cancellationToken)
    {
        if (_isCurrent) return true;
        if (!await AppliedMigrations.AreAllAsync(dataSource, cancellationToken)) return false;
        // Somebody else may have migrated it since our connections were opened: they know the enum type before anyone is told that all is well.
        await dataSource.ReloadTypesAsync(cancellationToken);
        return _isCurrent = true;
    }

    // False if a table was in use for so long that the change stepped back. Each migration is a transaction, or can be begun again: nothing is half done.
    private async Task<bool> TryMigrateAsync(string? target, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        // An index over a large table takes as long as it takes; only waiting for a lock is limited.
        context.Database.SetCommandTimeout(0);
        await context.Database.OpenConnectionAsync(cancellationToken);
        try
        {
            await context.Database.ExecuteSqlAsync($"SELECT set_config('lock_timeout', {$"{LockTimeoutMilliseconds}ms"}, false)", cancellationToken);
            await context.GetService<IMigrator>().MigrateAsync(target, cancellationToken);
            if (target == Nothing) await DropHistoryAsync(context, cancellationToken);
            if (target is null && !await TenantWall.RaiseAsync((NpgsqlConnection)context.Database.GetDbConnection(), cancellationToken)) LogNoWall(logger);
            return true;
        }
        // EF Core wraps what it takes for a passing fault.
        catch (Exception e) when (e.GetBaseException() is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable })
        {
            return false;
        }
        finally
        {
            // The connection goes back to the pool, which undoes nothing. One that is broken by now does not go back.
            if (context.Database.GetDbConnection().State == ConnectionState.Open)
            {
                await context.Database.ExecuteSqlAsync($"RESET lock_timeout", CancellationToken.None);
            }
        }
    }

    // The transaction's lock, not the session's: it is gone with the connection however this process ends. Asked for again and again rather than waited for:
    // whoever waits in a statement holds a snapshot, and an index that is built concurrently waits for all of those.
    private async Task<NpgsqlTransaction> LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        while (true)
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var ask = new NpgsqlCommand("SELECT pg_try_advisory_xact_lock($1)", connection) { Parameters = { new() { Value = MigrationLock } } };
            if (await ask.ExecuteScalarAsync(cancellationToken) is true)
            {
                // Ends what the statement before has left open, and its snapshot with it. And the session is idle for as long as the migrations take.
                await using var keep = new NpgsqlCommand("SET LOCAL idle_in_transaction_session_timeout = 0", connection);
                await keep.ExecuteNonQueryAsync(cancellationToken);
                return transaction;
            }

            await transaction.DisposeAsync();
            await Task.Delay(LockInterval, time, cancellationToken);
        }
    }

    // Two starters that both found no database: the one that came second finds it there when it tries again.
    private static bool IsBeingCreated(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.DuplicateDatabase }
            or PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "pg_database_datname_index" }
        || (exception.InnerException is { } inner && IsBeingCreated(inner));

    // EF Core keeps its history table when the last migration is taken down; "down" is to leave nothing behind.
    private static async Task DropHistoryAsync(DograhDbContext context, CancellationToken cancellationToken) =>
        await context.Database.ExecuteSqlRawAsync($"""DROP TABLE IF EXISTS "{HistoryRepository.DefaultTableName}" """, cancellationToken);

    [LoggerMessage(1, LogLevel.Information, "The database is migrated.")]
    private static partial void LogMigrated(ILogger logger);

    [LoggerMessage(2, LogLevel.Warning, "PostgreSQL cannot be reached (try {Attempt}, {ErrorType}: {Error}); trying again in a second.")]
    private static partial void LogNotReachable(ILogger logger, int attempt, string errorType, [FailureText] string error);

    [LoggerMessage(4, LogLevel.Warning, "A migration waits for a table that is in use (try {Attempt}); it lets the traffic through and tries again in a second.")]
    private static partial void LogTableInUse(ILogger logger, int attempt);

    [LoggerMessage(5, LogLevel.Warning,
        "The role dograh_tenant could not be made, or this user may not become it: organizations are kept apart by the code only, and not by row-level security too. "
        + "docs/runbook.md says how to make it.")]
    private static partial void LogNoWall(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning,
        "The database is not migrated yet (look {Attempt}); waiting. Run 'Dograh.Api migrate', or set Database:MigrateOnStartup for one API.")]
    private static partial void LogNotMigrated(ILogger logger, int attempt);
}
