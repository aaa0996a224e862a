using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Reads an organization's oldest deliveries, a page at a time, for retention to look at. Only a hint: what removes decides for itself.</summary>
/// <remarks>
/// A delivery ends no earlier than it is created, so what ended long ago is among what was created long ago, and the listings have an index in that order:
/// <c>ix_webhook_delivery_listings_created_at</c>, walked from its oldest end, where little but what is to be removed is left. Dead letters are kept for longer
/// and have <c>ix_webhook_deliveries_dead_letter</c>. So nothing that a delivery's life writes to has an index for retention's sake.
/// </remarks>
internal static class FindOldDeliveries
{
    /// <summary>All of them.</summary>
    public const string Sql =
        """
        SELECT created_at, id
        FROM webhook_delivery_listings
        WHERE organization_id = $1
          AND (created_at, id) > ($2, $3)
          AND created_at < to_timestamp(extract(epoch FROM now())::float8 - $4)
        ORDER BY created_at, id
        LIMIT $5
        """;

    /// <summary>Only dead letters.</summary>
    public const string DeadLettersSql =
        """
        SELECT created_at, id
        FROM webhook_deliveries
        WHERE organization_id = $1
          AND status = 'dead_letter'
          AND (created_at, id) > ($2, $3)
          AND created_at < to_timestamp(extract(epoch FROM now())::float8 - $4)
        ORDER BY created_at, id
        LIMIT $5
        """;

    /// <summary>All of them, and whether there is a payload to remove, now or once the delivery has ended.</summary>
    public const string PayloadsSql =
        """
        SELECT l.created_at, l.id, d.payload IS NOT NULL AND d.status <> 'dead_letter'
        FROM webhook_delivery_listings AS l
        JOIN webhook_deliveries AS d ON d.organization_id = l.organization_id AND d.id = l.id
        WHERE l.organization_id = $1
          AND (l.created_at, l.id) > ($2, $3)
          AND l.created_at < to_timestamp(extract(epoch FROM now())::float8 - $4)
        ORDER BY l.created_at, l.id
        LIMIT $5
        """;

    /// <summary>Reads one page.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="sql">Which of the statements.</param>
    /// <param name="organizationId">Whose deliveries.</param>
    /// <param name="after">The last row of the page before.</param>
    /// <param name="age">How long ago they were created, at least.</param>
    /// <param name="limit">The page's size; fewer rows mean that there are no more.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    public static async Task<IReadOnlyList<OldDelivery>> ExecuteAsync(
        NpgsqlConnection connection, string sql, long organizationId, OldDelivery after, TimeSpan age, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = organizationId });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = after.CreatedAt });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after.Id });
        command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = age.TotalSeconds });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        var page = new List<OldDelivery>(limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            page.Add(new OldDelivery(reader.GetFieldValue<DateTimeOffset>(0), reader.GetInt64(1)) { HasPayload = reader.FieldCount > 2 && reader.GetBoolean(2) });
        }

        return page;
    }
}

/// <summary>A delivery that retention looks at: what pages are read by.</summary>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="Id">Its id.</param>
internal sealed record OldDelivery(DateTimeOffset CreatedAt, long Id)
{
    /// <summary>Before all of them.</summary>
    public static readonly OldDelivery First = new(DateTimeOffset.MinValue, 0);

    /// <summary>Whether it has a payload that is to go by itself; known only where that was asked for.</summary>
    public bool HasPayload { get; init; }
}
