using Npgsql;

namespace Dograh.Bench.Measuring;

/// <summary>What PostgreSQL has done: bytes of WAL, and statements that clients sent.</summary>
internal readonly record struct DatabaseUse(double WalBytes, double? Statements, double Transactions)
{
    public DatabaseUse Since(DatabaseUse before) => new(WalBytes - before.WalBytes, Statements - before.Statements, Transactions - before.Transactions);
}

/// <summary>Reads <see cref="DatabaseUse"/>; statements where <c>pg_stat_statements</c> is there.</summary>
/// <remarks>The benchmark's own statements run as a user of their own, and are not counted.</remarks>
internal sealed class DatabaseMeter(NpgsqlDataSource dataSource, bool countsStatements)
{
    private const string Sql =
        "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8, (SELECT sum(xact_commit)::float8 FROM pg_stat_database)";

    // BEGIN and COMMIT travel with their statements; what is counted is what a planner or an executor has to do with.
    private const string StatementsSql =
        """
        SELECT coalesce(sum(calls), 0)::float8 FROM pg_stat_statements
        WHERE userid <> (SELECT oid FROM pg_roles WHERE rolname = current_user) AND query !~* '^(begin|commit|rollback|discard|set )'
        """;

    public async Task<DatabaseUse> ReadAsync()
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        double wal, transactions;
        await using (var command = new NpgsqlCommand(Sql, connection))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            await reader.ReadAsync();
            (wal, transactions) = (reader.GetDouble(0), reader.GetDouble(1));
        }

        if (!countsStatements) return new DatabaseUse(wal, Statements: null, transactions);
        await using var statements = new NpgsqlCommand(StatementsSql, connection);
        return new DatabaseUse(wal, (double)(await statements.ExecuteScalarAsync())!, transactions);
    }
}
