using Npgsql;

namespace Dograh.Bench.Measuring;

/// <summary>What the statement that claims has done.</summary>
internal readonly record struct ClaimUse(double Calls, double Milliseconds, double Rows)
{
    public ClaimUse Since(ClaimUse before) => new(Calls - before.Calls, Milliseconds - before.Milliseconds, Rows - before.Rows);
}

/// <summary>Reads <see cref="ClaimUse"/> from <c>pg_stat_statements</c>; all zero where that is not there, or knows no such statement.</summary>
internal sealed class ClaimMeter(NpgsqlDataSource dataSource, bool countsStatements)
{
    // The claim is the statement that raises the token and reads what is to be sent; a replay does the one, and not the other.
    private const string Sql =
        """
        SELECT coalesce(sum(calls), 0)::float8, coalesce(sum(total_exec_time), 0)::float8, coalesce(sum(rows), 0)::float8
        FROM pg_stat_statements
        WHERE query ~ 'UPDATE webhook_deliveries.*claim_count = (d\.)?claim_count \+.*RETURNING.*payload'
        """;

    public async Task<ClaimUse> ReadAsync()
    {
        if (!countsStatements) return default;
        await using var command = dataSource.CreateCommand(Sql);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new ClaimUse(reader.GetDouble(0), reader.GetDouble(1), reader.GetDouble(2));
    }
}
