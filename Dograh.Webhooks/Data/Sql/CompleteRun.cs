using Dograh.Webhooks.Quotas;
using Dograh.Webhooks.Runs;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Locks a run with its pinned definition, and marks it completed. The lock makes the first completion the only one.</summary>
internal static class CompleteRun
{
    public const string LockSql =
        """
        SELECT r.status, r.workflow_id, r.name, r.campaign_id, r.created_at, r.initial_context, w.name, d.definition, now(),
               q.deliveries_per_minute, q.pending_deliveries, q.payload_bytes
        FROM workflow_runs AS r
        JOIN workflows AS w ON w.organization_id = r.organization_id AND w.id = r.workflow_id
        JOIN workflow_definitions AS d ON d.organization_id = r.organization_id AND d.workflow_id = r.workflow_id AND d.version = r.version
        LEFT JOIN organization_quotas AS q ON q.organization_id = r.organization_id
        WHERE r.organization_id = $1 AND r.id = $2
        FOR UPDATE OF r
        """;

    public const string Sql =
        """
        UPDATE workflow_runs
        SET status = 'completed', completed_at = now(), gathered_context = $3, usage_info = $4, annotations = $5, extra = $6, recording_url = $7,
            transcript_url = $8, user_recording_url = $9, bot_recording_url = $10
        WHERE organization_id = $1 AND id = $2 AND status = 'running'
        """;

    public const string ExistingSql =
        """
        SELECT webhook_node_id, webhook_name, delivery_uuid
        FROM webhook_deliveries
        WHERE organization_id = $1 AND workflow_run_id = $2
        ORDER BY id
        """;

    /// <summary>Reads and locks a run; null if the organization has none of that id.</summary>
    public static async Task<LockedRun?> LockAsync(NpgsqlConnection connection, long organizationId, long runId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(LockSql, connection)
        {
            Parameters = { new NpgsqlParameter<long> { TypedValue = organizationId }, new NpgsqlParameter<long> { TypedValue = runId } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) return null;
        return new LockedRun(
            IsCompleted: reader.GetString(0) == RunStatus.Completed,
            WorkflowId: reader.GetInt64(1),
            Fields: new RunFields(
                reader.IsDBNull(2) ? null : reader.GetString(2),
                JsonColumn.Parse(reader.IsDBNull(3) ? null : reader.GetString(3)),
                JsonColumn.Parse(reader.IsDBNull(5) ? null : reader.GetString(5))),
            CreatedAt: reader.GetFieldValue<DateTimeOffset>(4),
            WorkflowName: reader.GetString(6),
            Definition: reader.GetString(7),
            Now: reader.GetFieldValue<DateTimeOffset>(8),
            Quotas: QuotaLimits.ReadOwn(reader, 9));
    }

    /// <summary>Stores the completion of a run that the transaction has locked.</summary>
    public static async Task ExecuteAsync(
        NpgsqlConnection connection, long organizationId, long runId, Completion completion, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = organizationId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = runId });
        Add(NpgsqlDbType.Json, JsonColumn.Of(completion.GatheredContext));
        Add(NpgsqlDbType.Json, JsonColumn.Of(completion.UsageInfo));
        Add(NpgsqlDbType.Json, JsonColumn.Of(completion.Annotations));
        Add(NpgsqlDbType.Json, JsonColumn.Of(completion.Extra));
        Add(NpgsqlDbType.Text, completion.RecordingUrl);
        Add(NpgsqlDbType.Text, completion.TranscriptUrl);
        Add(NpgsqlDbType.Text, completion.UserRecordingUrl);
        Add(NpgsqlDbType.Text, completion.BotRecordingUrl);
        await command.ExecuteNonQueryAsync(cancellationToken);

        void Add(NpgsqlDbType type, string? value) =>
            command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type, Value = (object?)value ?? DBNull.Value });
    }

    /// <summary>Reads the deliveries that a run has, in the order of their creation.</summary>
    public static async Task<IReadOnlyList<NodeOutcome>> ReadExistingAsync(
        NpgsqlConnection connection, long organizationId, long runId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ExistingSql, connection)
        {
            Parameters = { new NpgsqlParameter<long> { TypedValue = organizationId }, new NpgsqlParameter<long> { TypedValue = runId } },
        };
        var existing = new List<NodeOutcome>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            existing.Add(new NodeOutcome(reader.GetString(0), reader.GetString(1), reader.GetGuid(2), NodeOutcome.Existing, Reason: null, []));
        }

        return existing;
    }
}

/// <summary>A run as it is locked for completion.</summary>
internal sealed record LockedRun(
    bool IsCompleted, long WorkflowId, RunFields Fields, DateTimeOffset CreatedAt, string WorkflowName, string Definition, DateTimeOffset Now,
    OrganizationQuotas Quotas);
