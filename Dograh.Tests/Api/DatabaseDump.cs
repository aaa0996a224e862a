using Dograh.Tests.Support;

namespace Dograh.Tests.Api;

/// <summary>Everything that is in a database, as text.</summary>
internal static class DatabaseDump
{
    /// <summary>Every row of every table; bytes are in lower-case hexadecimal.</summary>
    /// <param name="database">The database.</param>
    /// <param name="organizationId">Only what belongs to this organization; null for all.</param>
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
            var filter = organizationId is null ? "" : $" WHERE organization_id = {organizationId}";
            dump.Add($"{table}\n" + string.Join('\n', await database.ColumnAsync<string>($"""SELECT t::text FROM "{table}" t{filter} ORDER BY 1""")));
        }

        return string.Join('\n', dump);
    }
}
