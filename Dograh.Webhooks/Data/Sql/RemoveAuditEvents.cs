using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Removes an organization's oldest audit events. The only statement that takes anything from the log, and none changes it.</summary>
/// <remarks>Walks <c>ix_audit_events_list</c> from its oldest end, and removes by the primary key.</remarks>
internal static class RemoveAuditEvents
{
    public const string Sql =
        """
        DELETE FROM audit_events AS e
        USING (SELECT organization_id, id
               FROM audit_events
               WHERE organization_id = $1
                 AND created_at < to_timestamp(extract(epoch FROM now())::float8 - $2)
               ORDER BY created_at, id
               LIMIT $3) AS old
        WHERE e.organization_id = $1
          AND e.organization_id = old.organization_id
          AND e.id = old.id
        """;

    /// <summary>Removes some.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="organizationId">Whose log it is.</param>
    /// <param name="age">How long ago it happened, at least.</param>
    /// <param name="limit">How many at most; fewer mean that there are no more.</param>
    /// <param name="cancellationToken">Rolls back.</param>
    /// <returns>How many.</returns>
    public static async Task<int> ExecuteAsync(
        NpgsqlConnection connection, long organizationId, TimeSpan age, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = organizationId });
        command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = age.TotalSeconds });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
