using System.Security.Cryptography;
using Npgsql;

namespace Dograh.Webhooks.Idempotency;

/// <summary>Keeps first answers, in the very transaction that stores what they speak of: both are there, or neither.</summary>
public sealed class IdempotencyStore(NpgsqlDataSource dataSource)
{
    private const int DeleteBatch = 1000;

    // The insert waits for a transaction that holds the same key: whoever comes second sees what the first one did.
    private const string ReserveSql =
        """
        INSERT INTO idempotency_keys AS k (organization_id, path, key, request_hash, status_code, response_body)
        VALUES ($1, $2, $3, $4, 0, '')
        ON CONFLICT (organization_id, path, key) DO UPDATE
            SET request_hash = EXCLUDED.request_hash, status_code = 0, response_body = '', created_at = now()
            WHERE k.created_at < now() - $5
        RETURNING key
        """;

    private const string ReadSql =
        "SELECT request_hash, status_code, response_body FROM idempotency_keys WHERE organization_id = $1 AND path = $2 AND key = $3";

    private const string CompleteSql =
        "UPDATE idempotency_keys SET status_code = $4, response_body = $5 WHERE organization_id = $1 AND path = $2 AND key = $3";

    private const string ReleaseSql = "DELETE FROM idempotency_keys WHERE organization_id = $1 AND path = $2 AND key = $3";

    private const string DeleteExpiredSql =
        """
        DELETE FROM idempotency_keys
        WHERE (organization_id, path, key) IN (
            SELECT organization_id, path, key FROM idempotency_keys WHERE created_at < now() - $1 ORDER BY created_at LIMIT $2)
        """;

    /// <summary>Hashes a request's body.</summary>
    public static byte[] Hash(ReadOnlySpan<byte> body) => SHA256.HashData(body);

    /// <summary>Reserves a key within the caller's transaction, or finds the first answer given under it.</summary>
    /// <param name="connection">A connection in a transaction, which must go on to <see cref="CompleteAsync"/> or roll back.</param>
    /// <param name="organizationId">Whose key it is.</param>
    /// <param name="path">The path of the request.</param>
    /// <param name="key">The client's key.</param>
    /// <param name="requestHash">The hash of the request's body.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Null if the key is now the caller's; else what was answered first.</returns>
    public static async Task<IdempotentAnswer?> ReserveAsync(
        NpgsqlConnection connection, long organizationId, string path, string key, byte[] requestHash, CancellationToken cancellationToken)
    {
        await using (var reserve = new NpgsqlCommand(ReserveSql, connection)
        {
            Parameters =
            {
                new() { Value = organizationId }, new() { Value = path }, new() { Value = key }, new() { Value = requestHash },
                new() { Value = IdempotencyRecord.Retention },
            },
        })
        {
            if (await reserve.ExecuteScalarAsync(cancellationToken) is not null) return null;
        }

        await using var read = new NpgsqlCommand(ReadSql, connection)
        {
            Parameters = { new() { Value = organizationId }, new() { Value = path }, new() { Value = key } },
        };
        await using var reader = await read.ExecuteReaderAsync(cancellationToken);
        // Gone between the two statements only if it was deleted as expired: the client's next try reserves it.
        if (!await reader.ReadAsync(cancellationToken)) throw new IdempotencyKeyBusyException();
        var matches = CryptographicOperations.FixedTimeEquals(reader.GetFieldValue<byte[]>(0), requestHash);
        return new IdempotentAnswer(matches, reader.GetInt32(1), reader.GetString(2));
    }

    /// <summary>Keeps the answer under the key that the transaction reserved.</summary>
    public static async Task CompleteAsync(
        NpgsqlConnection connection, long organizationId, string path, string key, int statusCode, string responseBody,
        CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(CompleteSql, connection)
        {
            Parameters =
            {
                new() { Value = organizationId }, new() { Value = path }, new() { Value = key }, new() { Value = statusCode },
                new() { Value = responseBody },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Gives a key back that the transaction reserved: what it stood for was refused.</summary>
    public static async Task ReleaseAsync(NpgsqlConnection connection, long organizationId, string path, string key, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ReleaseSql, connection)
        {
            Parameters = { new() { Value = organizationId }, new() { Value = path }, new() { Value = key } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Deletes answers older than their retention, in small batches.</summary>
    public async Task DeleteExpiredAsync(CancellationToken cancellationToken)
    {
        int deleted;
        do
        {
            await using var command = dataSource.CreateCommand(DeleteExpiredSql);
            command.Parameters.Add(new() { Value = IdempotencyRecord.Retention });
            command.Parameters.Add(new() { Value = DeleteBatch });
            deleted = await command.ExecuteNonQueryAsync(cancellationToken);
        }
        while (deleted == DeleteBatch);
    }
}

/// <summary>The first answer given under a key.</summary>
/// <param name="Matches">False if it was given to another body: a conflict.</param>
/// <param name="StatusCode">The status.</param>
/// <param name="ResponseBody">The body, JSON text.</param>
public sealed record IdempotentAnswer(bool Matches, int StatusCode, string ResponseBody);

/// <summary>A key was expiring just as it was asked for; the same request can be sent again at once.</summary>
public sealed class IdempotencyKeyBusyException() : Exception("The idempotency key was expiring just now; send the request again.");
