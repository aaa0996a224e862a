using Npgsql;

namespace Dograh.Webhooks.Data;

/// <summary>Row-level security: PostgreSQL lets an organization's requests see and write that organization's rows only, whatever a query forgets to say.</summary>
/// <remarks>
/// <para>The requests run as a role of their own, which one policy a table holds to the organization of the session. The policy is restrictive, beside one that
/// lets everybody else through: whoever is not that role, table owner or not, notices nothing, and no later policy can widen it.</para>
/// <para>It is raised after the migrations and not by one, for every table that carries an organization: also by a user who may do so only later, and for tables that
/// later migrations add. Table by table, a transaction each, so that no table's lock is held while another's is waited for.</para>
/// </remarks>
public static class TenantWall
{
    /// <summary>The role that organizations' requests run as. It is the cluster's, not the database's; nobody logs in with it.</summary>
    public const string Role = "dograh_tenant";

    /// <summary>The session's setting that holds the organization.</summary>
    public const string Setting = "dograh.organization_id";

    private const string EverybodyPolicy = "dograh_everybody";
    private const int MaxTries = 10;

    // The last table that is walled: whoever may read it may read all.
    private const string LastTable = "organizations";

    // From PostgreSQL 16 on, being a member and being allowed to become the role are two things.
    private const string MayBecomeSql =
        $"coalesce(pg_has_role(session_user, to_regrole('{Role}')::oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END), false)";

    /// <summary>Whether this session may become the role, and the tables are walled: an expression.</summary>
    internal const string IsUpSql = $"{MayBecomeSql} AND coalesce(has_table_privilege(to_regrole('{Role}')::oid, '{LastTable}', 'SELECT'), false)";

    // What is not set is null, and what was set and is no more is empty: neither is anybody's.
    private const string OrganizationSql = $"nullif(current_setting(''{Setting}'', true), '''')::bigint";

    private const string CreateRoleSql =
        $"""
        DO $$ BEGIN
          IF to_regrole('{Role}') IS NULL THEN CREATE ROLE {Role} NOLOGIN; END IF;
          IF NOT {MayBecomeSql} THEN EXECUTE format('GRANT {Role} TO %I', current_user); END IF;
          GRANT USAGE ON SCHEMA public TO {Role};
        END $$
        """;

    // What the role may do with a table, if not everything: it writes a log that it cannot change, and what workers and operators write it only reads. Locking an
    // organization's row takes the right to update a column of it.
    private const string FindTablesSql =
        $"""
        SELECT c.relname::text,
               CASE c.relname
                   WHEN 'organizations' THEN 'SELECT, UPDATE (name)'
                   WHEN 'organization_quotas' THEN 'SELECT'
                   WHEN 'audit_events' THEN 'SELECT, INSERT'
                   WHEN 'api_keys' THEN 'SELECT, INSERT, DELETE'
                   WHEN 'workflow_definitions' THEN 'SELECT, INSERT'
                   WHEN 'oauth_tokens' THEN 'SELECT, DELETE'
                   WHEN 'webhook_delivery_attempts' THEN 'SELECT'
                   ELSE 'SELECT, INSERT, UPDATE, DELETE'
               END,
               a.attname::text
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = CASE c.relname WHEN '{LastTable}' THEN 'id' ELSE 'organization_id' END AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace
          AND c.relkind IN ('r', 'p')
          AND NOT (c.relrowsecurity AND EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = '{Role}'))
        ORDER BY c.relname = '{LastTable}', c.relname
        """;

    /// <summary>Takes the wall down, and the role with it where no other database of the cluster has it: a statement, for a migration that goes down.</summary>
    internal const string LowerSql =
        $"""
        DO $$
        DECLARE walled record;
        BEGIN
          IF to_regrole('{Role}') IS NULL THEN RETURN; END IF;
          FOR walled IN SELECT DISTINCT polrelid::regclass AS name FROM pg_policy WHERE polname = '{Role}' LOOP
            EXECUTE format('DROP POLICY {Role} ON %s; DROP POLICY IF EXISTS {EverybodyPolicy} ON %s; ALTER TABLE %s DISABLE ROW LEVEL SECURITY', walled.name, walled.name, walled.name);
          END LOOP;
          REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {Role};
          REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {Role};
          REVOKE ALL ON SCHEMA public FROM {Role};
          BEGIN
            DROP ROLE {Role};
          EXCEPTION WHEN OTHERS THEN
            RAISE NOTICE 'Role {Role} stays: %', SQLERRM;
          END;
        END $$
        """;

    /// <summary>Whether an organization's requests are behind it, on a connection with this login.</summary>
    public static async Task<bool> IsUpAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"SELECT {IsUpSql}", connection);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    /// <summary>Raises it where it is not up. Safe to do from several processes, and several databases of a cluster, at once.</summary>
    /// <returns>False if the user may not make the role.</returns>
    /// <exception cref="PostgresException">A table was in use for longer than the session waits for a lock: what is done is done, and the rest can be tried again.</exception>
    internal static async Task<bool> RaiseAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (!await IsUpAsync(connection, cancellationToken)) await ExecuteAsync(CreateRoleSql);
                foreach (var (table, rights, column) in await FindTablesAsync(connection, cancellationToken)) await ExecuteAsync(WallSql(table, rights, column));
                return await IsUpAsync(connection, cancellationToken);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege)
            {
                return false;
            }
            // The role is the whole cluster's: another database's migration makes it, grants it or drops it at this moment.
            catch (PostgresException e) when (attempt < MaxTries && e.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DuplicateObject
                or PostgresErrorCodes.UndefinedObject or PostgresErrorCodes.InternalError)
            {
            }
        }

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static async Task<List<(string Table, string Rights, string Column)>> FindTablesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FindTablesSql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tables = new List<(string, string, string)>();
        while (await reader.ReadAsync(cancellationToken)) tables.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        return tables;
    }

    // The names are the catalog's, the rights our own. A sequence gives the ids that are taken before their rows.
    private static string WallSql(string table, string rights, string column) =>
        $"""
        DO $$
        DECLARE sequence text := (SELECT pg_get_serial_sequence(format('%I', '{table}'), 'id') WHERE EXISTS (
          SELECT FROM pg_attribute WHERE attrelid = format('%I', '{table}')::regclass AND attname = 'id'));
        BEGIN
          EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', '{table}');
          EXECUTE format('DROP POLICY IF EXISTS {Role} ON %I', '{table}');
          EXECUTE format('DROP POLICY IF EXISTS {EverybodyPolicy} ON %I', '{table}');
          EXECUTE format('CREATE POLICY {EverybodyPolicy} ON %I USING (true)', '{table}');
          EXECUTE format('CREATE POLICY {Role} ON %I AS RESTRICTIVE TO {Role} USING (%I = {OrganizationSql}) WITH CHECK (%I = {OrganizationSql})', '{table}', '{column}', '{column}');
          EXECUTE format('GRANT {rights} ON %I TO {Role}', '{table}');
          IF sequence IS NOT NULL THEN EXECUTE format('GRANT USAGE ON SEQUENCE %s TO {Role}', sequence); END IF;
        END $$
        """;
}
