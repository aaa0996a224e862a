using Dograh.Webhooks.Deliveries;
using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Reads keys of due deliveries, oldest first, a page at a time. Only a hint: nothing is locked, and only a claim decides.</summary>
/// <remarks>An index-only walk of <c>ix_webhook_deliveries_due</c>, so that its cost is the page's and not the table's.</remarks>
internal static class FindDueDeliveries
{
    public const string Sql =
        """
        SELECT scheduled_for, organization_id, id
        FROM webhook_deliveries
        WHERE status = 'pending'
          AND scheduled_for <= now()
          AND (scheduled_for, organization_id, id) > ($1, $2, $3)
        ORDER BY scheduled_for, organization_id, id
        LIMIT $4
        """;

    /// <summary>Reads one page.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="after">The last row of the page before; null for the first page.</param>
    /// <param name="limit">The page's size; fewer rows mean that there are no more.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    public static async Task<IReadOnlyList<DueDelivery>> ExecuteAsync(
        NpgsqlConnection connection, DueDelivery? after, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = after?.DueAt ?? DateTimeOffset.MinValue });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after?.Key.OrganizationId ?? 0 });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after?.Key.Id ?? 0 });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });

        var page = new List<DueDelivery>(limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            page.Add(new DueDelivery(new DeliveryKey(reader.GetInt64(1), reader.GetInt64(2)), reader.GetFieldValue<DateTimeOffset>(0)));
        }

        return page;
    }
}
