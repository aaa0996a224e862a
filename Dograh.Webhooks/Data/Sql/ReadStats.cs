using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>An organization's figures over a window that ends now.</summary>
/// <remarks>
/// Deliveries are counted by creation, attempts by their start; both by an index that begins with the organization and the time, for
/// deliveries that of their listings. A delivery that was claimed is not due before its lease ends, and then it is: its <c>scheduled_for</c> says so.
/// </remarks>
public static class ReadStats
{
    /// <summary>The most receivers that are told apart for being the busiest.</summary>
    public const int MaxEndpoints = 100;

    /// <summary>How many more may be told apart for failing most, and for being the slowest.</summary>
    public const int MaxNotable = 20;

    internal const string DeliveriesSql =
        """
        SELECT count(*) FILTER (WHERE d.status = 'pending'),
               count(*) FILTER (WHERE d.status = 'succeeded'),
               count(*) FILTER (WHERE d.status = 'dead_letter'),
               count(*) FILTER (WHERE d.status = 'cancelled'),
               percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM d.delivered_at - d.created_at)::float8 * 1000)
                   FILTER (WHERE d.status = 'succeeded')
        FROM webhook_delivery_listings AS l
        JOIN webhook_deliveries AS d ON d.organization_id = l.organization_id AND d.id = l.id
        WHERE l.organization_id = $1 AND l.created_at >= now() - $2
        """;

    internal const string AttemptsSql =
        """
        SELECT count(*),
               count(*) FILTER (WHERE status_code BETWEEN 200 AND 299),
               percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration_ms)
        FROM webhook_delivery_attempts
        WHERE organization_id = $1 AND started_at >= now() - $2
        """;

    internal const string OldestDueSql =
        """
        SELECT extract(epoch FROM now() - min(scheduled_for))::float8
        FROM webhook_deliveries
        WHERE organization_id = $1 AND status = 'pending' AND scheduled_for <= now()
        """;

    // A circuit lives in each worker; the rows say whether any of them waits for one.
    internal const string EndpointsSql =
        """
        WITH attempted AS (
            SELECT l.endpoint_host, a.delivery_id, a.status_code, a.duration_ms
            FROM webhook_delivery_attempts AS a
            JOIN webhook_delivery_listings AS l ON l.organization_id = a.organization_id AND l.id = a.delivery_id
            WHERE a.organization_id = $1 AND a.started_at >= now() - $2),
        waiting AS (
            SELECT endpoint_host FROM webhook_deliveries
            WHERE organization_id = $1 AND status = 'pending' AND waiting_for = 'circuit' AND scheduled_for > now()
            GROUP BY endpoint_host),
        tried AS (
            SELECT endpoint_host, count(DISTINCT delivery_id) AS deliveries, count(*) AS attempts, count(*) FILTER (WHERE status_code BETWEEN 200 AND 299) AS succeeded,
                   percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_ms
            FROM attempted GROUP BY endpoint_host),
        ranked AS (
            SELECT coalesce(t.endpoint_host, w.endpoint_host) AS endpoint_host, coalesce(t.deliveries, 0) AS deliveries, t.succeeded::float8 / t.attempts AS success_rate, t.p95_ms,
                   w.endpoint_host IS NOT NULL AS is_open, coalesce(t.attempts - t.succeeded, 0) AS failed,
                   row_number() OVER (ORDER BY coalesce(t.deliveries, 0) DESC, coalesce(t.endpoint_host, w.endpoint_host)) AS busiest,
                   row_number() OVER (ORDER BY coalesce(t.attempts - t.succeeded, 0) DESC, coalesce(t.endpoint_host, w.endpoint_host)) AS most_failing,
                   row_number() OVER (ORDER BY t.p95_ms DESC NULLS LAST, coalesce(t.endpoint_host, w.endpoint_host)) AS slowest
            FROM tried AS t
            FULL JOIN waiting AS w ON w.endpoint_host = t.endpoint_host)
        SELECT endpoint_host, deliveries, success_rate, p95_ms, is_open, failed
        FROM ranked
        WHERE busiest <= $3 OR most_failing <= $4 OR slowest <= $4
        ORDER BY busiest
        """;

    /// <summary>Reads the figures.</summary>
    public static async Task<Stats> ExecuteAsync(
        NpgsqlConnection connection, long organizationId, TimeSpan window, int timeoutSeconds, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            Timeout = timeoutSeconds,
            BatchCommands =
            {
                new(DeliveriesSql) { Parameters = { new() { Value = organizationId }, new() { Value = window } } },
                new(AttemptsSql) { Parameters = { new() { Value = organizationId }, new() { Value = window } } },
                new(OldestDueSql) { Parameters = { new() { Value = organizationId } } },
                new(EndpointsSql) { Parameters = { new() { Value = organizationId }, new() { Value = window }, new() { Value = MaxEndpoints }, new() { Value = MaxNotable } } },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);

        await reader.ReadAsync(cancellationToken);
        var deliveries = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
        var timeToDeliver = Percentiles(reader, 4);

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (attempts, succeeded) = (reader.GetInt64(0), reader.GetInt64(1));
        var duration = Percentiles(reader, 2);

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        double? oldestDueAge = reader.IsDBNull(0) ? null : reader.GetDouble(0);

        await reader.NextResultAsync(cancellationToken);
        var endpoints = new List<EndpointStats>();
        while (await reader.ReadAsync(cancellationToken))
        {
            endpoints.Add(new EndpointStats(
                reader.GetString(0), reader.GetInt64(1), reader.IsDBNull(2) ? null : reader.GetDouble(2),
                reader.IsDBNull(3) ? null : reader.GetDouble(3), reader.GetBoolean(4), reader.GetInt64(5)));
        }

        return new Stats(deliveries, attempts, succeeded, duration, timeToDeliver, oldestDueAge, endpoints);
    }

    private static double[]? Percentiles(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetFieldValue<double[]>(ordinal);
}

/// <summary>An organization's figures.</summary>
/// <param name="Deliveries">Those created in the window, by what has become of them.</param>
/// <param name="Attempts">The attempts made in the window.</param>
/// <param name="SucceededAttempts">Those that were answered 2xx.</param>
/// <param name="AttemptDurationMs">The attempts' p50, p95, p99; null without any.</param>
/// <param name="TimeToDeliverMs">From creation to success, p50, p95, p99; null without any.</param>
/// <param name="OldestDueAgeSeconds">How long the oldest due delivery has waited for a worker; null if none waits.</param>
/// <param name="Endpoints">By receiver, the busiest first; those that fail most and the slowest are among them, however busy.</param>
public sealed record Stats(
    (long Pending, long Succeeded, long DeadLetter, long Cancelled) Deliveries, long Attempts, long SucceededAttempts, double[]? AttemptDurationMs,
    double[]? TimeToDeliverMs, double? OldestDueAgeSeconds, IReadOnlyList<EndpointStats> Endpoints);

/// <summary>One receiver's figures.</summary>
/// <param name="Host">Its host, without the port.</param>
/// <param name="Deliveries">How many deliveries were attempted.</param>
/// <param name="SuccessRate">The share of attempts that were answered 2xx; null without any.</param>
/// <param name="P95Ms">The attempts' p95; null without any.</param>
/// <param name="IsCircuitOpen">Whether deliveries wait for its circuit.</param>
/// <param name="FailedAttempts">The attempts that were not answered 2xx.</param>
public sealed record EndpointStats(string Host, long Deliveries, double? SuccessRate, double? P95Ms, bool IsCircuitOpen, long FailedAttempts);
