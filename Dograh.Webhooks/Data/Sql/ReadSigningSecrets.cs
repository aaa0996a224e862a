using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Reads the secrets that sign at this moment: the organizations' own, and those of the given webhook nodes.</summary>
/// <remarks>
/// One statement for both, for a batch pays for each; both by <c>ix_signing_secrets_scope</c>, newest first. How long an answer serves is
/// <see cref="Sending.DeliverySecretsResolver"/>'s to say: one batch, or a backlog's within a tenth of a second.
/// </remarks>
internal static class ReadSigningSecrets
{
    public const string Sql =
        """
        SELECT s.organization_id, s.id, s.workflow_id, s.webhook_node_id, s.algorithm, s.encrypted_secret, s.created_at
        FROM unnest($1, $2, $3) AS k (organization_id, workflow_id, webhook_node_id)
        JOIN signing_secrets AS s
          ON s.organization_id = k.organization_id AND s.workflow_id = k.workflow_id AND s.webhook_node_id = k.webhook_node_id
        WHERE s.expires_at IS NULL OR s.expires_at > now()
        UNION ALL
        SELECT s.organization_id, s.id, s.workflow_id, s.webhook_node_id, s.algorithm, s.encrypted_secret, s.created_at
        FROM signing_secrets AS s
        WHERE s.organization_id = ANY ($4) AND s.workflow_id IS NULL AND (s.expires_at IS NULL OR s.expires_at > now())
        ORDER BY created_at DESC, id DESC
        """;

    /// <summary>The statement as a part of a batch.</summary>
    public static NpgsqlBatchCommand Command(
        IReadOnlyList<(long OrganizationId, long WorkflowId, string WebhookNodeId)> nodes, IReadOnlyList<long> organizations)
    {
        var command = new NpgsqlBatchCommand(Sql);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, nodes, node => node.OrganizationId);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, nodes, node => node.WorkflowId);
        command.Parameters.AddArray(NpgsqlDbType.Text, nodes, node => node.WebhookNodeId);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, organizations, id => id);
        return command;
    }

    /// <summary>Reads what the statement gave.</summary>
    public static async Task ReadAsync(NpgsqlDataReader reader, List<Row> rows, CancellationToken cancellationToken)
    {
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new Row(
                reader.GetInt64(0), reader.GetGuid(1), reader.IsDBNull(2) ? null : reader.GetInt64(2), reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.GetString(4), reader.GetFieldValue<byte[]>(5)));
        }
    }

    public sealed record Row(long OrganizationId, Guid Id, long? WorkflowId, string? WebhookNodeId, string Algorithm, byte[] EncryptedSecret);
}
