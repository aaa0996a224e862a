using Dograh.Webhooks.Deliveries;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Records a batch of outcomes: the fenced update, then the attempts of the rows it returned, in one transaction.</summary>
/// <remarks>
/// A retry or a dead letter is written only by the current claim: the row is pending and leased, and its <c>claim_count</c> is the token.
/// Writing ends the claim, so that an outcome whose commit was not answered can be written again and still counts once. Success needs no
/// token and leaves any state but succeeded: the receiver has said 2xx, whatever a later claim is doing (I3, I4). A late success may come
/// after the last attempt was counted; <c>max_attempts</c> then grows with it, for its attempt is logged under a number of its own (I8).
/// A row that is not returned was lost to a later claim, a cancellation or an earlier success. Finds its rows by the primary key.
/// </remarks>
internal static class RecordAttempts
{
    public const string UpdateSql =
        """
        UPDATE webhook_deliveries AS d
        SET status = r.status,
            attempt_count = d.attempt_count + r.counted,
            max_attempts = GREATEST(d.max_attempts, d.attempt_count + r.counted),
            scheduled_for = CASE WHEN r.status = 'pending' THEN to_timestamp(extract(epoch FROM now())::float8 + r.delay_seconds) ELSE d.scheduled_for END,
            last_status_code = CASE WHEN r.counted = 1 THEN r.status_code ELSE d.last_status_code END,
            last_error = r.error,
            leased_by = NULL,
            waiting_for = NULL,
            delivered_at = CASE WHEN r.status = 'succeeded' THEN now() END,
            updated_at = now()
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS r (organization_id, id, token, status, counted, delay_seconds, status_code, error)
        WHERE d.organization_id = r.organization_id
          AND d.id = r.id
          AND ((r.status = 'succeeded' AND d.status <> 'succeeded') OR (d.status = 'pending' AND d.leased_by IS NOT NULL AND d.claim_count = r.token))
        RETURNING d.organization_id, d.id, d.attempt_count, d.scheduled_for
        """;

    public const string InsertSql =
        """
        INSERT INTO webhook_delivery_attempts
               (organization_id, delivery_id, number, started_at, duration_ms, status_code, error, response_headers, response_body, trace_id, worker)
        SELECT a.organization_id, a.delivery_id, a.number, a.started_at, a.duration_ms, a.status_code, a.error, a.response_headers, a.response_body, a.trace_id, $11
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             AS a (organization_id, delivery_id, number, started_at, duration_ms, status_code, error, response_headers, response_body, trace_id)
        """;

    /// <summary>Runs both statements and commits.</summary>
    /// <param name="connection">An open connection, not in a transaction.</param>
    /// <param name="records">The outcomes, sorted by key and at most one a delivery.</param>
    /// <param name="worker">Who made the attempts.</param>
    /// <param name="cancellationToken">Rolls back.</param>
    /// <returns>The deliveries that were written; those missing were lost to somebody else.</returns>
    public static async Task<IReadOnlyDictionary<DeliveryKey, Recorded>> ExecuteAsync(
        NpgsqlConnection connection, IReadOnlyList<AttemptRecord> records, string worker, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var written = await WriteAsync(connection, records, worker, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return written;
    }

    /// <summary>Runs both statements in the transaction that the connection is in.</summary>
    public static async Task<IReadOnlyDictionary<DeliveryKey, Recorded>> WriteAsync(
        NpgsqlConnection connection, IReadOnlyList<AttemptRecord> records, string worker, CancellationToken cancellationToken)
    {
        var written = await UpdateAsync(connection, records, cancellationToken);
        var attempts = new List<(AttemptRecord, AttemptResult.Attempted, int)>(records.Count);
        foreach (var record in records)
        {
            if (record.Attempt is { } attempt && written.TryGetValue(record.Key, out var row)) attempts.Add((record, attempt, row.Number));
        }

        if (attempts.Count > 0) await InsertAsync(connection, attempts, worker, cancellationToken);
        return written;
    }

    private static async Task<Dictionary<DeliveryKey, Recorded>> UpdateAsync(
        NpgsqlConnection connection, IReadOnlyList<AttemptRecord> records, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(UpdateSql, connection);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, records, record => record.Key.OrganizationId);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, records, record => record.Key.Id);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, records, record => record.Token);
        command.Parameters.AddStatuses(records, record => record.Status);
        command.Parameters.AddArray(NpgsqlDbType.Integer, records, record => record.Attempt is null ? 0 : 1);
        command.Parameters.AddArray(NpgsqlDbType.Double, records, record => record.DelaySeconds);
        command.Parameters.AddArray(NpgsqlDbType.Integer, records, record => record.Attempt?.StatusCode);
        command.Parameters.AddArray(NpgsqlDbType.Text, records, record => record.Error);

        var written = new Dictionary<DeliveryKey, Recorded>(records.Count);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var key = new DeliveryKey(reader.GetInt64(0), reader.GetInt64(1));
            written[key] = new Recorded(reader.GetInt32(2), reader.GetFieldValue<DateTimeOffset>(3));
        }

        return written;
    }

    private static async Task InsertAsync(
        NpgsqlConnection connection, List<(AttemptRecord Record, AttemptResult.Attempted Attempt, int Number)> rows, string worker,
        CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(InsertSql, connection);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, rows, row => row.Record.Key.OrganizationId);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, rows, row => row.Record.Key.Id);
        command.Parameters.AddArray(NpgsqlDbType.Integer, rows, row => row.Number);
        command.Parameters.AddArray(NpgsqlDbType.TimestampTz, rows, row => row.Attempt.StartedAt);
        command.Parameters.AddArray(NpgsqlDbType.Double, rows, row => row.Attempt.Duration.TotalMilliseconds);
        command.Parameters.AddArray(NpgsqlDbType.Integer, rows, row => row.Attempt.StatusCode);
        command.Parameters.AddArray(NpgsqlDbType.Text, rows, row => row.Attempt.Error);
        command.Parameters.AddArray(NpgsqlDbType.Json, rows, row => row.Attempt.ResponseHeaders);
        command.Parameters.AddArray(NpgsqlDbType.Text, rows, row => row.Attempt.ResponseBody);
        command.Parameters.AddArray(NpgsqlDbType.Text, rows, row => row.Record.TraceId);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = worker });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>A delivery whose outcome was written.</summary>
/// <param name="Number">The attempt's number.</param>
/// <param name="DueAt">When the delivery is due now.</param>
public readonly record struct Recorded(int Number, DateTimeOffset DueAt);
