using Dograh.Webhooks.Deliveries;
using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Lists deliveries that a build from before the listings has stored, while both run or before the listings were there.</summary>
/// <remarks>
/// Walks <c>ix_webhook_deliveries_unlisted</c>, which is empty but in such times, so that looking costs a page. Listed and marked in one
/// transaction: a delivery is never marked without its listing. Who lists one twice does no harm.
/// </remarks>
internal static class ListDeliveries
{
    public const string FindSql =
        """
        SELECT organization_id, id
        FROM webhook_deliveries
        WHERE NOT is_listed
        ORDER BY organization_id, id
        LIMIT $1
        """;

    public const string InsertSql =
        """
        INSERT INTO webhook_delivery_listings (organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host)
        SELECT d.organization_id, d.id, d.created_at, d.workflow_id, d.webhook_node_id, d.endpoint_host
        FROM unnest($1, $2) AS k (organization_id, id)
        JOIN webhook_deliveries AS d ON d.organization_id = k.organization_id AND d.id = k.id
        ON CONFLICT (organization_id, id) DO NOTHING
        """;

    public const string MarkSql =
        """
        UPDATE webhook_deliveries AS d
        SET is_listed = true
        FROM unnest($1, $2) AS k (organization_id, id)
        WHERE d.organization_id = k.organization_id AND d.id = k.id
        """;

    /// <summary>Lists some.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="limit">How many at most; fewer mean that there are no more.</param>
    /// <param name="cancellationToken">Leaves them unlisted.</param>
    /// <returns>How many were not listed.</returns>
    public static async Task<int> ExecuteAsync(NpgsqlConnection connection, int limit, CancellationToken cancellationToken)
    {
        var keys = new List<DeliveryKey>();
        await using (var find = new NpgsqlCommand(FindSql, connection) { Parameters = { new NpgsqlParameter<int> { TypedValue = limit } } })
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken)) keys.Add(new DeliveryKey(reader.GetInt64(0), reader.GetInt64(1)));
        }

        if (keys.Count == 0) return 0;
        NpgsqlBatchCommand insert = new(InsertSql), mark = new(MarkSql);
        insert.Parameters.AddKeys(keys);
        mark.Parameters.AddKeys(keys);
        // A batch is a transaction.
        await using var list = new NpgsqlBatch(connection) { BatchCommands = { insert, mark } };
        await list.ExecuteNonQueryAsync(cancellationToken);
        return keys.Count;
    }
}
