using Dograh.Webhooks.Runs;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Takes ids for runs that are not stored yet, for a payload may name its run's id; then stores the runs, completed.</summary>
internal static class InsertCompletedRuns
{
    public const string TakeIdsSql =
        "SELECT nextval(pg_get_serial_sequence('workflow_runs', 'id')) FROM generate_series(1, $1)";

    public const string Sql =
        """
        INSERT INTO workflow_runs
               (organization_id, id, workflow_id, version, name, campaign_id, status, created_at, completed_at, initial_context, gathered_context,
                usage_info, annotations, extra, recording_url, transcript_url, user_recording_url, bot_recording_url)
        SELECT n.organization_id, n.id, n.workflow_id, n.version, n.name, n.campaign_id, 'completed', n.created_at, n.created_at, n.initial_context,
               n.gathered_context, n.usage_info, n.annotations, n.extra, n.recording_url, n.transcript_url, n.user_recording_url, n.bot_recording_url
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
             AS n (organization_id, id, workflow_id, version, created_at, name, campaign_id, initial_context, gathered_context, usage_info, annotations,
                   extra, recording_url, transcript_url, user_recording_url, bot_recording_url)
        """;

    /// <summary>Takes ids; those of a transaction that rolls back are never used.</summary>
    public static async Task<IReadOnlyList<long>> TakeIdsAsync(NpgsqlConnection connection, int count, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(TakeIdsSql, connection) { Parameters = { new NpgsqlParameter<int> { TypedValue = count } } };
        var ids = new List<long>(count);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) ids.Add(reader.GetInt64(0));
        return ids;
    }

    /// <summary>The command that stores the runs, in the order of their keys.</summary>
    public static NpgsqlBatchCommand Command(IReadOnlyList<NewRun> runs)
    {
        var command = new NpgsqlBatchCommand(Sql);
        var parameters = command.Parameters;
        parameters.AddArray(NpgsqlDbType.Bigint, runs, run => run.OrganizationId);
        parameters.AddArray(NpgsqlDbType.Bigint, runs, run => run.Id);
        parameters.AddArray(NpgsqlDbType.Bigint, runs, run => run.WorkflowId);
        parameters.AddArray(NpgsqlDbType.Integer, runs, run => run.Version);
        parameters.AddArray(NpgsqlDbType.TimestampTz, runs, run => run.CreatedAt);
        parameters.AddArray(NpgsqlDbType.Text, runs, run => run.Fields.Name);
        parameters.AddArray(NpgsqlDbType.Json, runs, run => JsonColumn.Of(run.Fields.CampaignId));
        parameters.AddArray(NpgsqlDbType.Json, runs, run => JsonColumn.Of(run.Fields.InitialContext));
        parameters.AddArray(NpgsqlDbType.Json, runs, run => JsonColumn.Of(run.Completion.GatheredContext));
        parameters.AddArray(NpgsqlDbType.Json, runs, run => JsonColumn.Of(run.Completion.UsageInfo));
        parameters.AddArray(NpgsqlDbType.Json, runs, run => JsonColumn.Of(run.Completion.Annotations));
        parameters.AddArray(NpgsqlDbType.Json, runs, run => JsonColumn.Of(run.Completion.Extra));
        parameters.AddArray(NpgsqlDbType.Text, runs, run => run.Completion.RecordingUrl);
        parameters.AddArray(NpgsqlDbType.Text, runs, run => run.Completion.TranscriptUrl);
        parameters.AddArray(NpgsqlDbType.Text, runs, run => run.Completion.UserRecordingUrl);
        parameters.AddArray(NpgsqlDbType.Text, runs, run => run.Completion.BotRecordingUrl);
        return command;
    }

    /// <summary>Stores the runs within the caller's transaction.</summary>
    public static async Task ExecuteAsync(NpgsqlConnection connection, IReadOnlyList<NewRun> runs, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Command(runs) } };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>A run to store, completed.</summary>
/// <param name="OrganizationId">Whose it is.</param>
/// <param name="Id">An id taken before.</param>
/// <param name="WorkflowId">Its workflow.</param>
/// <param name="Version">The version that it is pinned to.</param>
/// <param name="CreatedAt">When it was started, and completed: the database's time.</param>
/// <param name="Fields">What it was started with.</param>
/// <param name="Completion">What the call found out.</param>
internal sealed record NewRun(
    long OrganizationId, long Id, long WorkflowId, int Version, DateTimeOffset CreatedAt, RunFields Fields, Completion Completion);
