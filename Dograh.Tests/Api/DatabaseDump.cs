using Dograh.Tests.Support;

namespace Dograh.Tests.Api;

/// <summary>Everything that is in a database, as text.</summary>
internal static class DatabaseDump
{
    /// <summary>Every row of every table; bytes are in lower-case hexadecimal.</summary>
    /// <param name="database">The database.</param>
    /// <param name="organizationId">Only what belongs to this organization, but for the last use of its keys; null for all.</param>
    public static async Task<string> DumpAsync(this TestDatabase database, long? organizationId = null)
    {
        var tables = await database.ColumnAsync<string>(
            """
            SELECT c.relname::text FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
              AND ($1::bigint IS NULL OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id'))
            ORDER BY 1
            """,
            new Npgsql.NpgsqlParameter { Value = (object?)organizationId ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint });
        Assert.NotEmpty(tables);
        var dump = new List<string>();
        foreach (var table in tables)
        {
            // What is compared before and after leaves out what every request changes behind its back.
            var rows = organizationId is null
                ? $"""SELECT t::text FROM "{table}" t ORDER BY 1"""
                : $"""SELECT (to_jsonb(t) - 'last_used_at')::text FROM "{table}" t WHERE organization_id = {organizationId} ORDER BY 1""";
            dump.Add($"{table}\n" + string.Join('\n', await database.ColumnAsync<string>(rows)));
        }

        return string.Join('\n', dump);
    }
}
