using Dograh.Webhooks.Deliveries;
using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Removes those of an organization's deliveries that ended long enough ago, with their attempts and listings; or only their payloads.</summary>
/// <remarks>
/// The state and the age are asked for by the statement that removes, of rows that it has locked: a delivery that is replayed at that moment is pending, or
/// locked, and stays. A locked row is left to the next time, so that removing waits for nobody and is in no deadlock. <c>updated_at</c> is when a finished
/// delivery ended, for nothing writes to it afterwards; removing a payload does not either. Finds its rows by the primary key.
/// </remarks>
internal static class RemoveDeliveries
{
    public const string Sql =
        """
        DELETE FROM webhook_deliveries AS d
        USING (SELECT organization_id, id
               FROM webhook_deliveries
               WHERE organization_id = $1
                 AND id = ANY ($2)
                 AND status = ANY ($3)
                 AND status <> 'pending'
                 AND updated_at < to_timestamp(extract(epoch FROM now())::float8 - $4)
               ORDER BY id
               FOR UPDATE SKIP LOCKED) AS old
        WHERE d.organization_id = $1
          AND d.organization_id = old.organization_id
          AND d.id = old.id
        RETURNING d.id
        """;

    public const string PayloadsSql =
        """
        UPDATE webhook_deliveries AS d
        SET payload = NULL
        FROM (SELECT organization_id, id
              FROM webhook_deliveries
              WHERE organization_id = $1
                AND id = ANY ($2)
                AND status = ANY ($3)
                AND status <> 'pending'
                AND payload IS NOT NULL
                AND updated_at < to_timestamp(extract(epoch FROM now())::float8 - $4)
              ORDER BY id
              FOR UPDATE SKIP LOCKED) AS old
        WHERE d.organization_id = $1
          AND d.organization_id = old.organization_id
          AND d.id = old.id
        RETURNING d.id
        """;

    /// <summary>Runs one of the statements.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="sql">Which of the two.</param>
    /// <param name="organizationId">Whose deliveries.</param>
    /// <param name="ids">The ids to look at.</param>
    /// <param name="statuses">The states to remove.</param>
    /// <param name="age">How long ago they ended, at least.</param>
    /// <param name="cancellationToken">Rolls back.</param>
    /// <returns>The ids of what was removed.</returns>
    public static async Task<IReadOnlySet<long>> ExecuteAsync(
        NpgsqlConnection connection, string sql, long organizationId, long[] ids, DeliveryStatus[] statuses, TimeSpan age, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = organizationId });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = ids });
        command.Parameters.AddStatuses(statuses, status => status);
        command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = age.TotalSeconds });
        var removed = new HashSet<long>(ids.Length);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) removed.Add(reader.GetInt64(0));
        return removed;
    }
}
