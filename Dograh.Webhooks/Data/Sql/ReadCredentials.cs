using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Reads the active credentials among the given ones, each with its access token if it has a usable one; both by their primary keys.</summary>
internal static class ReadCredentials
{
    public const string Sql =
        """
        SELECT c.organization_id, c.uuid, c.credential_type, c.encrypted_data, t.encrypted_token, t.fetched_at
        FROM unnest($1, $2) AS k (organization_id, uuid)
        JOIN external_credentials AS c ON c.organization_id = k.organization_id AND c.uuid = k.uuid
        LEFT JOIN oauth_tokens AS t
          ON t.organization_id = c.organization_id AND t.credential_uuid = c.uuid
             AND t.credential_hash = sha256(c.encrypted_data) AND t.usable_until > now()
        WHERE c.is_active
        """;

    /// <summary>The statement as a part of a batch.</summary>
    public static NpgsqlBatchCommand Command(IReadOnlyList<(long OrganizationId, Guid Uuid)> keys)
    {
        var command = new NpgsqlBatchCommand(Sql);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, keys, key => key.OrganizationId);
        command.Parameters.AddArray(NpgsqlDbType.Uuid, keys, key => key.Uuid);
        return command;
    }

    /// <summary>Reads what the statement gave.</summary>
    public static async Task<IReadOnlyList<Row>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var rows = new List<Row>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new Row(
                reader.GetInt64(0), reader.GetGuid(1), reader.GetString(2), reader.GetFieldValue<byte[]>(3),
                reader.IsDBNull(4) ? null : reader.GetFieldValue<byte[]>(4), reader.IsDBNull(5) ? default : reader.GetFieldValue<DateTimeOffset>(5)));
        }

        return rows;
    }

    public sealed record Row(long OrganizationId, Guid Uuid, string CredentialType, byte[] EncryptedData, byte[]? EncryptedToken, DateTimeOffset FetchedAt);
}
