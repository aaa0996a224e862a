using System.Security.Cryptography;
using Dograh.Webhooks.Data.Sql;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Idempotency;

/// <summary>Keeps first answers, in the very transaction that stores what they speak of: both are there, or neither.</summary>
/// <remarks>
/// Work whose answer is known only once it is done reserves its keys, and completes or releases them before it commits. Work whose answer is known before anything is written
/// looks for its keys and keeps them with the rest (<see cref="KeepCommand"/>).
/// </remarks>
public sealed class IdempotencyStore(NpgsqlDataSource dataSource)
{
    private const int DeleteBatch = 1000;

    // The insert waits for a transaction that holds the same key: whoever comes second sees what the first one did.
    private const string ReserveSql =
        """
        INSERT INTO idempotency_keys AS k (organization_id, path, key, request_hash, status_code, response_body)
        SELECT n.organization_id, n.path, n.key, n.request_hash, 0, '' FROM unnest($1, $2, $3, $4) AS n (organization_id, path, key, request_hash)
        ON CONFLICT (organization_id, path, key) DO UPDATE
            SET request_hash = EXCLUDED.request_hash, status_code = 0, response_body = '', created_at = now()
            WHERE k.created_at < now() - $5
        RETURNING organization_id, path, key
        """;

    internal const string FindSql =
        """
        SELECT n.n, k.request_hash, k.status_code, k.response_body, k.created_at < now() - $4
        FROM unnest($1, $2, $3) WITH ORDINALITY AS n (organization_id, path, key, n)
        JOIN idempotency_keys AS k ON k.organization_id = n.organization_id AND k.path = n.path AND k.key = n.key
        """;

    internal const string CompleteSql =
        """
        UPDATE idempotency_keys AS k SET status_code = n.status_code, response_body = n.response_body
        FROM unnest($1, $2, $3, $4, $5) AS n (organization_id, path, key, status_code, response_body)
        WHERE k.organization_id = n.organization_id AND k.path = n.path AND k.key = n.key
        """;

    internal const string ReleaseSql =
        """
        DELETE FROM idempotency_keys AS k USING unnest($1, $2, $3) AS n (organization_id, path, key)
        WHERE k.organization_id = n.organization_id AND k.path = n.path AND k.key = n.key
        """;

    private const string KeepSql =
        """
        INSERT INTO idempotency_keys (organization_id, path, key, request_hash, status_code, response_body)
        SELECT n.organization_id, n.path, n.key, n.request_hash, n.status_code, n.response_body
        FROM unnest($1, $2, $3, $4, $5, $6) AS n (organization_id, path, key, request_hash, status_code, response_body)
        """;

    internal const string RemoveExpiredSql =
        """
        DELETE FROM idempotency_keys AS k USING unnest($1, $2, $3) AS n (organization_id, path, key)
        WHERE k.organization_id = n.organization_id AND k.path = n.path AND k.key = n.key AND k.created_at < now() - $4
        """;

    private const string DeleteExpiredSql =
        """
        DELETE FROM idempotency_keys
        WHERE (organization_id, path, key) IN (
            SELECT organization_id, path, key FROM idempotency_keys WHERE created_at < now() - $1 ORDER BY created_at LIMIT $2)
        """;

    /// <summary>Hashes a request's body.</summary>
    public static byte[] Hash(ReadOnlySpan<byte> body) => SHA256.HashData(body);

    /// <summary>Reserves keys within the caller's transaction, or finds the first answers given under them.</summary>
    /// <param name="connection">A connection in a transaction, which must go on to <see cref="CompleteAsync"/> or <see cref="ReleaseAsync"/>, or roll back.</param>
    /// <param name="keys">The keys, none of them twice.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>In their order: null if the key is now the caller's; else what was answered first.</returns>
    /// <exception cref="IdempotencyKeyBusyException">A key was being deleted as expired.</exception>
    public static async Task<IReadOnlyList<IdempotentAnswer?>> ReserveAsync(NpgsqlConnection connection, IReadOnlyList<RequestKey> keys, CancellationToken cancellationToken)
    {
        var reserved = new HashSet<(long, string, string)>();
        await using (var reserve = new NpgsqlCommand(ReserveSql, connection))
        {
            var ordered = InOrder(keys, key => key);
            AddKeys(reserve.Parameters, ordered);
            reserve.Parameters.AddArray(NpgsqlDbType.Bytea, ordered, key => key.RequestHash);
            reserve.Parameters.Add(new() { Value = IdempotencyRecord.Retention });
            await using var reader = await reserve.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken)) reserved.Add((reader.GetInt64(0), reader.GetString(1), reader.GetString(2)));
        }

        if (reserved.Count == keys.Count) return new IdempotentAnswer?[keys.Count];
        await using var find = new NpgsqlBatch(connection) { BatchCommands = { FindCommand(keys) } };
        await using var found = await find.ExecuteReaderAsync(cancellationToken);
        var answers = await ReadAsync(found, keys.Count, cancellationToken);
        for (var i = 0; i < answers.Length; i++)
        {
            if (reserved.Contains(keys[i].Identity)) answers[i] = null;
            // Gone between the two statements only if it was deleted as expired: the client's next try reserves it.
            else if (answers[i] is null) throw new IdempotencyKeyBusyException();
        }

        return answers;
    }

    /// <summary>Keeps the answers under keys that the transaction reserved.</summary>
    public static async Task CompleteAsync(NpgsqlConnection connection, IReadOnlyList<KeptAnswer> answers, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(CompleteSql, connection);
        AddKeys(command.Parameters, [.. answers.Select(answer => answer.Key)]);
        AddAnswers(command.Parameters, answers);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Gives keys back that the transaction reserved: what they stood for was refused.</summary>
    public static async Task ReleaseAsync(NpgsqlConnection connection, IReadOnlyList<RequestKey> keys, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ReleaseSql, connection);
        AddKeys(command.Parameters, keys);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The command that looks for the first answers under keys; for <see cref="ReadAsync"/>.</summary>
    internal static NpgsqlBatchCommand FindCommand(IReadOnlyList<RequestKey> keys)
    {
        var command = new NpgsqlBatchCommand(FindSql);
        AddKeys(command.Parameters, keys);
        command.Parameters.Add(new() { Value = IdempotencyRecord.Retention });
        return command;
    }

    /// <summary>Reads what was found.</summary>
    /// <returns>In the keys' order; null where there is none. One that is over its time is there still: <see cref="IdempotentAnswer.IsExpired"/>.</returns>
    internal static async Task<IdempotentAnswer?[]> ReadAsync(NpgsqlDataReader reader, int count, CancellationToken cancellationToken)
    {
        var answers = new IdempotentAnswer?[count];
        while (await reader.ReadAsync(cancellationToken))
        {
            answers[reader.GetInt64(0) - 1] = new IdempotentAnswer(reader.GetFieldValue<byte[]>(1), reader.GetInt32(2), reader.GetString(3), reader.GetBoolean(4));
        }

        return answers;
    }

    /// <summary>The command that removes keys that are over their time, so that they can be kept anew.</summary>
    internal static NpgsqlBatchCommand RemoveExpiredCommand(IReadOnlyList<RequestKey> keys)
    {
        var command = new NpgsqlBatchCommand(RemoveExpiredSql);
        AddKeys(command.Parameters, InOrder(keys, key => key));
        command.Parameters.Add(new() { Value = IdempotencyRecord.Retention });
        return command;
    }

    /// <summary>The command that keeps answers under keys that nobody had; fails as <see cref="IsTaken"/> says where somebody has one meanwhile, after waiting for him.</summary>
    /// <param name="answers">The answers, no two under one key.</param>
    internal static NpgsqlBatchCommand KeepCommand(IReadOnlyList<KeptAnswer> answers)
    {
        var command = new NpgsqlBatchCommand(KeepSql);
        var ordered = InOrder(answers, answer => answer.Key);
        AddKeys(command.Parameters, ordered.ConvertAll(answer => answer.Key));
        command.Parameters.AddArray(NpgsqlDbType.Bytea, ordered, answer => answer.Key.RequestHash);
        AddAnswers(command.Parameters, ordered);
        return command;
    }

    /// <summary>Whether a key was taken by another transaction, whose answer is there by now.</summary>
    internal static bool IsTaken(PostgresException exception) =>
        exception is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: IdempotencyRecord.PrimaryKey };

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

    // Two transactions that share some keys wait for each other in one direction only.
    private static List<T> InOrder<T>(IEnumerable<T> rows, Func<T, RequestKey> key) =>
        [.. rows.OrderBy(row => key(row).OrganizationId).ThenBy(row => key(row).Path, StringComparer.Ordinal).ThenBy(row => key(row).Key, StringComparer.Ordinal)];

    private static void AddKeys(NpgsqlParameterCollection parameters, IReadOnlyList<RequestKey> keys)
    {
        parameters.AddArray(NpgsqlDbType.Bigint, keys, key => key.OrganizationId);
        parameters.AddArray(NpgsqlDbType.Text, keys, key => key.Path);
        parameters.AddArray(NpgsqlDbType.Text, keys, key => key.Key);
    }

    private static void AddAnswers(NpgsqlParameterCollection parameters, IReadOnlyList<KeptAnswer> answers)
    {
        parameters.AddArray(NpgsqlDbType.Integer, answers, answer => answer.StatusCode);
        parameters.AddArray(NpgsqlDbType.Text, answers, answer => answer.ResponseBody);
    }
}

/// <summary>The first answer given under a key.</summary>
/// <param name="RequestHash">The hash of the body that it was given to: another is a conflict.</param>
/// <param name="StatusCode">The status.</param>
/// <param name="ResponseBody">The body, JSON text.</param>
/// <param name="IsExpired">Whether it is over its time and stands for nothing any more.</param>
public sealed record IdempotentAnswer(byte[] RequestHash, int StatusCode, string ResponseBody, bool IsExpired);

/// <summary>An answer to keep.</summary>
/// <param name="Key">The key that it was given under.</param>
/// <param name="StatusCode">The status.</param>
/// <param name="ResponseBody">The body, JSON text.</param>
public sealed record KeptAnswer(RequestKey Key, int StatusCode, string ResponseBody);

/// <summary>A key was expiring just as it was asked for; the same request can be sent again at once.</summary>
public sealed class IdempotencyKeyBusyException() : Exception("The idempotency key was expiring just now; send the request again.");
