using Dograh.Webhooks.Bins;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Counts a request in, decides its answer, stores it and removes what is too old: one statement, so that of many at once exactly as many fail as were told to.</summary>
/// <remarks>
/// The bin's row, found by its primary key, is what requests wait for each other at; the number that each gets there is its key, and says whether it fails. Removing walks the
/// primary key of <c>bin_requests</c>.
/// </remarks>
public static class TakeBinRequest
{
    internal const string Sql =
        """
        WITH bin AS (
          UPDATE request_bins AS b
          SET received = b.received + 1
          WHERE b.organization_id = $1 AND b.id = $2
          RETURNING b.organization_id, b.id, b.received AS number, b.received <= b.fail_through AS fails, greatest(b.fail_through - b.received, 0) AS fails_left,
                    CASE WHEN b.received <= b.fail_through THEN b.fail_status ELSE b.status END AS status, b.delay_ms, b.retry_after_seconds
        ),
        stored AS (
          INSERT INTO bin_requests (organization_id, bin_id, number, method, path, query, headers, body, body_length, webhook_id, attempt, signature, answered_status, answered_delay_ms)
          SELECT bin.organization_id, bin.id, bin.number, $3, $4, $5, $6, $7, $8, $9, $10, $11, bin.status, bin.delay_ms FROM bin
        ),
        removed AS (
          DELETE FROM bin_requests AS r
          USING bin
          WHERE r.organization_id = bin.organization_id AND r.bin_id = bin.id AND r.number <= bin.number - $12
        )
        SELECT bin.status, bin.delay_ms, bin.retry_after_seconds, bin.fails, bin.fails_left FROM bin
        """;

    /// <summary>Runs the statement.</summary>
    /// <param name="connection">An open connection of the organization.</param>
    /// <param name="request">The request; its number, time and answer are the statement's to say.</param>
    /// <param name="cancellationToken">Takes nothing in.</param>
    /// <returns>What to answer; null if the bin is gone.</returns>
    public static async Task<BinAnswer?> ExecuteAsync(NpgsqlConnection connection, BinRequest request, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = request.OrganizationId },
                new NpgsqlParameter<Guid> { TypedValue = request.BinId },
                new NpgsqlParameter<string> { TypedValue = request.Method },
                new NpgsqlParameter<string> { TypedValue = request.Path },
                new NpgsqlParameter<string?> { TypedValue = request.Query, NpgsqlDbType = NpgsqlDbType.Text },
                new NpgsqlParameter<string> { TypedValue = request.Headers, NpgsqlDbType = NpgsqlDbType.Json },
                new NpgsqlParameter<byte[]> { TypedValue = request.Body },
                new NpgsqlParameter<long> { TypedValue = request.BodyLength },
                new NpgsqlParameter<string?> { TypedValue = request.WebhookId, NpgsqlDbType = NpgsqlDbType.Text },
                new NpgsqlParameter<int?> { TypedValue = request.Attempt, NpgsqlDbType = NpgsqlDbType.Integer },
                new NpgsqlParameter<string> { TypedValue = request.Signature },
                new NpgsqlParameter<int> { TypedValue = RequestBin.MaxRequests },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new BinAnswer(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetBoolean(3), reader.GetInt64(4))
            : null;
    }
}
