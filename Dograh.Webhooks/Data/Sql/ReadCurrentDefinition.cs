using Dograh.Webhooks.Quotas;
using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Reads a workflow's current version, and the database's time and the organization's quotas with it.</summary>
internal static class ReadCurrentDefinition
{
    public const string Sql =
        """
        SELECT w.name, w.version, d.definition, now(), q.deliveries_per_minute, q.pending_deliveries, q.payload_bytes
        FROM workflows AS w
        JOIN workflow_definitions AS d ON d.organization_id = w.organization_id AND d.workflow_id = w.id AND d.version = w.version
        LEFT JOIN organization_quotas AS q ON q.organization_id = w.organization_id
        WHERE w.organization_id = $1 AND w.id = $2
        """;

    /// <summary>Runs the statement; null if the organization has no such workflow.</summary>
    public static async Task<CurrentDefinition?> ExecuteAsync(
        NpgsqlConnection connection, long organizationId, long workflowId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters = { new NpgsqlParameter<long> { TypedValue = organizationId }, new NpgsqlParameter<long> { TypedValue = workflowId } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new CurrentDefinition(
                reader.GetString(0), reader.GetInt32(1), reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3), QuotaLimits.ReadOwn(reader, 4))
            : null;
    }
}

/// <summary>A workflow's current version.</summary>
internal sealed record CurrentDefinition(string WorkflowName, int Version, string Definition, DateTimeOffset Now, OrganizationQuotas Quotas);
