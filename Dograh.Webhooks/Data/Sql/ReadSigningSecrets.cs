using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Reads the secrets that sign at this moment: the organizations' own, and those of the given webhook nodes.</summary>
/// <remarks>Both by <c>ix_signing_secrets_scope</c>, newest first. Read afresh for every batch: what is added, rotated or has expired counts at the next attempt.</remarks>
internal static class ReadSigningSecrets
{
    public const string OrganizationSql =
        """
        SELECT s.organization_id, s.id, s.workflow_id, s.webhook_node_id, s.algorithm, s.encrypted_secret
        FROM signing_secrets AS s
        WHERE s.organization_id = ANY ($1) AND s.workflow_id IS NULL AND (s.expires_at IS NULL OR s.expires_at > now())
        ORDER BY s.created_at DESC, s.id DESC
        """;

    public const string NodeSql =
        """
        SELECT s.organization_id, s.id, s.workflow_id, s.webhook_node_id, s.algorithm, s.encrypted_secret
        FROM unnest($1, $2, $3) AS k (organization_id, workflow_id, webhook_node_id)
        JOIN signing_secrets AS s
          ON s.organization_id = k.organization_id AND s.workflow_id = k.workflow_id AND s.webhook_node_id = k.webhook_node_id
        WHERE s.expires_at IS NULL OR s.expires_at > now()
        ORDER BY s.created_at DESC, s.id DESC
        """;

    /// <summary>The statements as parts of a batch.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> Commands(
        IReadOnlyList<long> organizations, IReadOnlyList<(long OrganizationId, long WorkflowId, string WebhookNodeId)> nodes)
    {
        var ofOrganizations = new NpgsqlBatchCommand(OrganizationSql);
        ofOrganizations.Parameters.AddArray(NpgsqlDbType.Bigint, organizations, id => id);

        var ofNodes = new NpgsqlBatchCommand(NodeSql);
        ofNodes.Parameters.AddArray(NpgsqlDbType.Bigint, nodes, node => node.OrganizationId);
        ofNodes.Parameters.AddArray(NpgsqlDbType.Bigint, nodes, node => node.WorkflowId);
        ofNodes.Parameters.AddArray(NpgsqlDbType.Text, nodes, node => node.WebhookNodeId);
        return [ofOrganizations, ofNodes];
    }

    /// <summary>Reads what one of the statements gave.</summary>
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
