using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>An organization's figures by time, in buckets of one width; a bucket's number is the time since the epoch in such widths.</summary>
/// <remarks>
/// Deliveries are counted where they were created, by what has become of them, as <see cref="ReadStats"/> counts them: so the buckets add up to what came in, and a bucket tells how what came then has fared.
/// Attempts are counted where they began. Both walk an index that begins with the organization and the time, for deliveries that of their listings. Buckets in which there is nothing are not returned.
/// </remarks>
public static class ReadTimeline
{
    internal const string DeliveriesSql =
        """
        SELECT floor(extract(epoch FROM l.created_at)::float8 / $4)::bigint,
               count(*) FILTER (WHERE d.status = 'pending'),
               count(*) FILTER (WHERE d.status = 'succeeded'),
               count(*) FILTER (WHERE d.status = 'dead_letter'),
               count(*) FILTER (WHERE d.status = 'cancelled'),
               percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM d.delivered_at - d.created_at)::float8 * 1000)
                   FILTER (WHERE d.status = 'succeeded')
        FROM webhook_delivery_listings AS l
        JOIN webhook_deliveries AS d ON d.organization_id = l.organization_id AND d.id = l.id
        WHERE l.organization_id = $1 AND l.created_at >= $2 AND l.created_at < $3
        GROUP BY 1
        """;

    internal const string AttemptsSql =
        """
        SELECT floor(extract(epoch FROM started_at)::float8 / $4)::bigint,
               count(*),
               count(*) FILTER (WHERE status_code BETWEEN 200 AND 299)
        FROM webhook_delivery_attempts
        WHERE organization_id = $1 AND started_at >= $2 AND started_at < $3
        GROUP BY 1
        """;

    /// <summary>Reads the buckets that begin from one time on and before another, both at a multiple of the width.</summary>
    /// <returns>By their number.</returns>
    public static async Task<IReadOnlyDictionary<long, TimelineBucket>> ExecuteAsync(
        NpgsqlConnection connection, long organizationId, DateTimeOffset from, DateTimeOffset until, TimeSpan width, int timeoutSeconds, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection) { Timeout = timeoutSeconds, BatchCommands = { Command(DeliveriesSql), Command(AttemptsSql) } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var buckets = new Dictionary<long, TimelineBucket>();
        while (await reader.ReadAsync(cancellationToken))
        {
            buckets[reader.GetInt64(0)] = new TimelineBucket(
                (reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4)), 0, 0, reader.IsDBNull(5) ? null : reader.GetFieldValue<double[]>(5));
        }

        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var number = reader.GetInt64(0);
            buckets[number] = buckets.GetValueOrDefault(number, TimelineBucket.Empty) with { Attempts = reader.GetInt64(1), SucceededAttempts = reader.GetInt64(2) };
        }

        return buckets;

        NpgsqlBatchCommand Command(string sql) =>
            new(sql) { Parameters = { new() { Value = organizationId }, new() { Value = from.ToUniversalTime() }, new() { Value = until.ToUniversalTime() }, new() { Value = width.TotalSeconds } } };
    }
}

/// <summary>What happened within a span of time.</summary>
/// <param name="Deliveries">The deliveries that were created then, by what has become of them.</param>
/// <param name="Attempts">The attempts that began then.</param>
/// <param name="SucceededAttempts">Those of them that were answered 2xx.</param>
/// <param name="TimeToDeliverMs">Of the deliveries that have succeeded, from creation to success: p50, p95, p99; null without any.</param>
public sealed record TimelineBucket((long Pending, long Succeeded, long DeadLetter, long Cancelled) Deliveries, long Attempts, long SucceededAttempts, double[]? TimeToDeliverMs)
{
    /// <summary>Nothing happened.</summary>
    public static TimelineBucket Empty { get; } = new(default, 0, 0, TimeToDeliverMs: null);
}
