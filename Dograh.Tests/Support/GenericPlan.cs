using Npgsql;

namespace Dograh.Tests.Support;

/// <summary>The plan that a session keeps of a prepared statement, whatever its parameters.</summary>
internal static class GenericPlan
{
    /// <summary>Reads it.</summary>
    /// <param name="dataSource">Where the tables are.</param>
    /// <param name="sql">The statement.</param>
    /// <param name="types">The types of its parameters: <c>bigint[], text</c>.</param>
    public static async Task<string> ReadAsync(NpgsqlDataSource dataSource, string sql, string types)
    {
        var token = TestContext.Current.CancellationToken;
        await using var connection = await dataSource.OpenConnectionAsync(token);
        await using var prepare = new NpgsqlCommand($"SET plan_cache_mode = force_generic_plan; PREPARE statement ({types}) AS {sql}", connection);
        await prepare.ExecuteNonQueryAsync(token);
        var nulls = string.Join(", ", types.Split(',').Select(_ => "NULL"));
        await using var explain = new NpgsqlCommand($"EXPLAIN EXECUTE statement ({nulls})", connection);
        var plan = await explain.ReadPlanAsync();
        await using var tidy = new NpgsqlCommand("RESET plan_cache_mode; DEALLOCATE statement", connection);
        await tidy.ExecuteNonQueryAsync(token);
        return plan;
    }

    /// <summary>What an EXPLAIN says, a line each.</summary>
    public static async Task<string> ReadPlanAsync(this NpgsqlCommand explain)
    {
        var token = TestContext.Current.CancellationToken;
        var lines = new List<string>();
        await using var reader = await explain.ExecuteReaderAsync(token);
        while (await reader.ReadAsync(token)) lines.Add(reader.GetString(0));
        return string.Join('\n', lines);
    }
}
