using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Reads the active credentials among the given ones, by their primary key.</summary>
internal static class ReadCredentials
{
    public const string Sql =
        """
        SELECT c.organization_id, c.uuid, c.credential_type, c.encrypted_data
        FROM unnest($1, $2) AS k (organization_id, uuid)
        JOIN external_credentials AS c ON c.organization_id = k.organization_id AND c.uuid = k.uuid
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
            rows.Add(new Row(reader.GetInt64(0), reader.GetGuid(1), reader.GetString(2), reader.GetFieldValue<byte[]>(3)));
        }

        return rows;
    }

    public sealed record Row(long OrganizationId, Guid Uuid, string CredentialType, byte[] EncryptedData);
}
