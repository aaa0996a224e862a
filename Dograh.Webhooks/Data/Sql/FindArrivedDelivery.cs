using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Finds which of an organization's deliveries has arrived at one of its own bins, by <c>ux_webhook_deliveries_uuid</c>.</summary>
public static class FindArrivedDelivery
{
    internal const string Sql =
        """
        SELECT d.workflow_id, d.webhook_node_id, d.custom_headers::text
        FROM webhook_deliveries AS d
        WHERE d.organization_id = $1 AND d.delivery_uuid = $2
        """;

    /// <summary>Runs the statement.</summary>
    /// <returns>The node that it is of, and its custom headers as they are stored; null if there is no such delivery.</returns>
    public static async Task<(long WorkflowId, string WebhookNodeId, string CustomHeaders)?> ExecuteAsync(
        NpgsqlConnection connection, long organizationId, Guid deliveryUuid, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters = { new NpgsqlParameter<long> { TypedValue = organizationId }, new NpgsqlParameter<Guid> { TypedValue = deliveryUuid } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetInt64(0), reader.GetString(1), reader.GetString(2)) : null;
    }
}
