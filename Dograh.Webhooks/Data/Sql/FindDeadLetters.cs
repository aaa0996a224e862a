using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Finds by which receivers, and by which of their answers, an organization's dead letters were stopped.</summary>
/// <remarks>
/// Hops from one receiver, or answer, to the next in <c>ix_webhook_deliveries_dead_letter_answered</c> and <c>…_unanswered</c>, however many dead letters each has, and then counts
/// those of each by the same index alone, no further than to a bound.
/// </remarks>
public static class FindDeadLetters
{
    internal const string AnsweredSql =
        """
        WITH RECURSIVE answered AS (
            (SELECT endpoint_host, last_status_code
             FROM webhook_deliveries
             WHERE organization_id = $1 AND status = 'dead_letter' AND last_status_code IS NOT NULL
             ORDER BY endpoint_host, last_status_code
             LIMIT 1)
            UNION ALL
            SELECT n.endpoint_host, n.last_status_code
            FROM answered AS a
            CROSS JOIN LATERAL (
                SELECT d.endpoint_host, d.last_status_code
                FROM webhook_deliveries AS d
                WHERE d.organization_id = $1 AND d.status = 'dead_letter' AND d.last_status_code IS NOT NULL
                  AND (d.endpoint_host, d.last_status_code) > (a.endpoint_host, a.last_status_code)
                ORDER BY d.endpoint_host, d.last_status_code
                LIMIT 1) AS n)
        SELECT endpoint_host, last_status_code FROM answered LIMIT $2
        """;

    internal const string CountSql =
        """
        SELECT k.endpoint_host, k.last_status_code, c.count, f.created_at, l.created_at, l.last_error
        FROM unnest($2, $3) AS k (endpoint_host, last_status_code)
        CROSS JOIN LATERAL (
            SELECT count(*) AS count
            FROM (SELECT d.id
                  FROM webhook_deliveries AS d
                  WHERE d.organization_id = $1 AND d.status = 'dead_letter' AND d.endpoint_host = k.endpoint_host AND d.last_status_code = k.last_status_code
                  LIMIT $4) AS counted) AS c
        CROSS JOIN LATERAL (
            SELECT d.created_at
            FROM webhook_deliveries AS d
            WHERE d.organization_id = $1 AND d.status = 'dead_letter' AND d.endpoint_host = k.endpoint_host AND d.last_status_code = k.last_status_code
            ORDER BY d.created_at, d.id
            LIMIT 1) AS f
        CROSS JOIN LATERAL (
            SELECT d.created_at, d.last_error
            FROM webhook_deliveries AS d
            WHERE d.organization_id = $1 AND d.status = 'dead_letter' AND d.endpoint_host = k.endpoint_host AND d.last_status_code = k.last_status_code
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT 1) AS l
        """;

    internal const string UnansweredSql =
        """
        WITH RECURSIVE unanswered AS (
            (SELECT endpoint_host
             FROM webhook_deliveries
             WHERE organization_id = $1 AND status = 'dead_letter' AND last_status_code IS NULL
             ORDER BY endpoint_host
             LIMIT 1)
            UNION ALL
            SELECT n.endpoint_host
            FROM unanswered AS u
            CROSS JOIN LATERAL (
                SELECT d.endpoint_host
                FROM webhook_deliveries AS d
                WHERE d.organization_id = $1 AND d.status = 'dead_letter' AND d.last_status_code IS NULL AND d.endpoint_host > u.endpoint_host
                ORDER BY d.endpoint_host
                LIMIT 1) AS n)
        SELECT endpoint_host FROM unanswered LIMIT $2
        """;

    /// <summary>Finds those that were answered.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="organizationId">Whose they are.</param>
    /// <param name="limit">How many receivers and answers at most.</param>
    /// <param name="cancellationToken">Finds nothing.</param>
    public static async Task<IReadOnlyList<(string Host, int StatusCode)>> FindAnsweredAsync(
        NpgsqlConnection connection, long organizationId, int limit, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, AnsweredSql, organizationId, limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<(string, int)>();
        while (await reader.ReadAsync(cancellationToken)) found.Add((reader.GetString(0), reader.GetInt32(1)));
        return found;
    }

    /// <summary>Counts those that were answered.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="organizationId">Whose they are.</param>
    /// <param name="keys">The receivers and answers to count.</param>
    /// <param name="limit">How far to count each.</param>
    /// <param name="cancellationToken">Counts nothing.</param>
    public static async Task<IReadOnlyList<AnsweredDeadLetters>> CountAsync(
        NpgsqlConnection connection, long organizationId, IReadOnlyList<(string Host, int StatusCode)> keys, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(CountSql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = organizationId });
        command.Parameters.AddArray(NpgsqlDbType.Text, keys, key => key.Host);
        command.Parameters.AddArray(NpgsqlDbType.Integer, keys, key => key.StatusCode);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var counted = new List<AnsweredDeadLetters>(keys.Count);
        while (await reader.ReadAsync(cancellationToken))
        {
            counted.Add(new(
                reader.GetString(0), reader.GetInt32(1), reader.GetInt64(2), reader.GetFieldValue<DateTimeOffset>(3), reader.GetFieldValue<DateTimeOffset>(4),
                reader.IsDBNull(5) ? null : reader.GetString(5)));
        }

        return counted;
    }

    /// <summary>Finds the receivers that did not answer.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="organizationId">Whose they are.</param>
    /// <param name="limit">How many receivers at most.</param>
    /// <param name="cancellationToken">Finds nothing.</param>
    public static async Task<IReadOnlyList<string>> FindUnansweredAsync(NpgsqlConnection connection, long organizationId, int limit, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, UnansweredSql, organizationId, limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<string>();
        while (await reader.ReadAsync(cancellationToken)) found.Add(reader.GetString(0));
        return found;
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, long organizationId, int limit) =>
        new(sql, connection) { Parameters = { new NpgsqlParameter<long> { TypedValue = organizationId }, new NpgsqlParameter<int> { TypedValue = limit } } };
}

/// <summary>Dead letters of one receiver that were last answered with one status code.</summary>
/// <param name="Host">The receiver.</param>
/// <param name="StatusCode">The status code.</param>
/// <param name="Count">How many; as far as was counted.</param>
/// <param name="FirstAt">When the oldest of them was created.</param>
/// <param name="LastAt">When the newest of them was created.</param>
/// <param name="LastError">What went wrong with the newest.</param>
public sealed record AnsweredDeadLetters(string Host, int StatusCode, long Count, DateTimeOffset FirstAt, DateTimeOffset LastAt, string? LastError);
