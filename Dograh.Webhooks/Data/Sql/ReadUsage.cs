using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Counts an organization's deliveries of the last minute, and those that are pending, no further than to its quotas.</summary>
/// <remarks>
/// The minute is a walk of <c>ix_webhook_delivery_listings_created_at</c> from its newest end. What is pending is counted in <c>ix_webhook_deliveries_due</c>, which holds
/// everybody's: an index of its own would cost every change of every delivery. How often this is asked goes by what it takes.
/// </remarks>
internal static class ReadUsage
{
    public const string Sql =
        """
        SELECT created.many, created.oldest_seconds, pending.many
        FROM (SELECT count(*) AS many, extract(epoch FROM now() - min(n.created_at))::float8 AS oldest_seconds
              FROM (SELECT created_at
                    FROM webhook_delivery_listings
                    WHERE organization_id = $1
                      AND created_at > to_timestamp(extract(epoch FROM now())::float8 - 60)
                    ORDER BY created_at DESC
                    LIMIT $2) AS n) AS created
        CROSS JOIN (SELECT count(*) AS many
                    FROM (SELECT FROM webhook_deliveries WHERE organization_id = $1 AND status = 'pending' LIMIT $3) AS n) AS pending
        """;

    /// <summary>Runs the statement.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="organizationId">Whose they are.</param>
    /// <param name="maxCreated">How far to count those of the last minute.</param>
    /// <param name="maxPending">How far to count those that are pending.</param>
    /// <param name="timeoutSeconds">How long the statement may take.</param>
    /// <returns>How many were created in the last minute, how many seconds ago the oldest of those was, and how many are pending.</returns>
    public static async Task<(long Created, double OldestSeconds, long Pending)> ExecuteAsync(
        NpgsqlConnection connection, long organizationId, int maxCreated, int maxPending, int timeoutSeconds)
    {
        await using var command = new NpgsqlCommand(Sql, connection)
        {
            CommandTimeout = timeoutSeconds,
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = organizationId }, new NpgsqlParameter<int> { TypedValue = maxCreated },
                new NpgsqlParameter<int> { TypedValue = maxPending },
            },
        };
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt64(0), reader.IsDBNull(1) ? 0 : reader.GetDouble(1), reader.GetInt64(2));
    }
}
