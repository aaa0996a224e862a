using System.Reflection;
using Npgsql;

namespace Dograh.Webhooks.Data;

/// <summary>Which migrations this build has, and whether the database has them all: asked without EF Core, which a worker needs for nothing else.</summary>
internal static class AppliedMigrations
{
    // EF Core's own table, under the names that our convention gives its columns.
    private const string HasHistorySql = """SELECT to_regclass('"__EFMigrationsHistory"') IS NOT NULL""";
    private const string ReadSql = """SELECT migration_id FROM "__EFMigrationsHistory" """;

    /// <summary>The migrations' ids, which the build takes from the names of their files.</summary>
    public static IReadOnlyList<string> Known { get; } = typeof(AppliedMigrations).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(metadata => metadata.Key == "Migrations").Value!.Split(';');

    /// <summary>Whether all of them have been applied; false too where the database is not there at all.</summary>
    public static async Task<bool> AreAllAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            await using var ask = new NpgsqlCommand(HasHistorySql, connection);
            if (await ask.ExecuteScalarAsync(cancellationToken) is not true) return false;
            await using var read = new NpgsqlCommand(ReadSql, connection);
            await using var reader = await read.ExecuteReaderAsync(cancellationToken);
            var missing = Known.ToHashSet(StringComparer.Ordinal);
            while (await reader.ReadAsync(cancellationToken)) missing.Remove(reader.GetString(0));
            return missing.Count == 0;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            return false;
        }
    }
}
