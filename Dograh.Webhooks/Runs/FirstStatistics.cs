using Dograh.Webhooks.Redaction;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dograh.Webhooks.Runs;

/// <summary>Has PostgreSQL gather statistics of tables that hold their first rows: in a new system, or after a time in which they were emptied.</summary>
/// <remarks>
/// A session keeps the plans of its statements, and of the checks of foreign keys, from when it first made them. Made while a table was empty they read through all that an
/// organization has, or the table, for every row or group, until autovacuum comes by, which is up to a minute and then some hundred thousand rows later.
/// Statistics make every session plan anew.
/// </remarks>
public sealed partial class FirstStatistics(NpgsqlDataSource dataSource, ILogger<FirstStatistics> logger)
{
    /// <summary>After how many deliveries: so few that to read them all costs little yet, so many that to read them all looks dearer to PostgreSQL than an index.</summary>
    public const int Enough = 2_048;

    // Statistics of few rows or none (-1: nobody has looked), and since them the table has come to at least twice their pages: one that stays small is left alone.
    private const string FindSql =
        """
        SELECT relname::text FROM pg_class
        WHERE oid IN ('workflow_runs'::regclass, 'webhook_deliveries'::regclass, 'idempotency_keys'::regclass)
          AND pg_has_role(relowner, 'USAGE') AND reltuples < $1 AND pg_relation_size(oid) / current_setting('block_size')::int >= 2 * greatest(relpages, 8)
        ORDER BY relname
        """;

    private int _stored;

    /// <summary>Counts deliveries that this process has stored and committed, and looks at the tables each time that there are enough. Returns at once, and never throws.</summary>
    public void Count(int deliveries)
    {
        var now = Interlocked.Add(ref _stored, deliveries);
        if (now < Enough || Interlocked.CompareExchange(ref _stored, 0, now) != now) return;
        _ = GatherGuardedAsync();
    }

    /// <summary>Gathers what is missing, of the tables that are this user's.</summary>
    /// <returns>The tables that had none, or of a few rows.</returns>
    /// <exception cref="NpgsqlException">PostgreSQL cannot be reached, or refuses.</exception>
    public async Task<IReadOnlyList<string>> GatherAsync()
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        var tables = new List<string>();
        await using (var find = new NpgsqlCommand(FindSql, connection) { Parameters = { new() { Value = (float)(Enough / 2) } } })
        {
            await using var reader = await find.ExecuteReaderAsync();
            while (await reader.ReadAsync()) tables.Add(reader.GetString(0));
        }

        if (tables.Count == 0) return tables;
        // Skipped where another process, or autovacuum, is at it.
        await using var gather = new NpgsqlCommand($"ANALYZE (SKIP_LOCKED) {string.Join(", ", tables)}", connection);
        await gather.ExecuteNonQueryAsync();
        return tables;
    }

    private async Task GatherGuardedAsync()
    {
        try
        {
            foreach (var table in await GatherAsync()) LogAsked(logger, table);
        }
        catch (Exception e)
        {
            LogNotGathered(logger, e.GetType().Name, e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Table} has its first rows: asked PostgreSQL for statistics of it.")]
    private static partial void LogAsked(ILogger logger, string table);

    [LoggerMessage(
        2, LogLevel.Warning,
        "Statistics of the first rows could not be gathered ({ErrorType}: {Error}). PostgreSQL is slower until autovacuum does it; ANALYZE workflow_runs, webhook_deliveries, idempotency_keys does it now.")]
    private static partial void LogNotGathered(ILogger logger, string errorType, [FailureText] string error);
}
