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
        SELECT $1, n.id, $2, $3, n.name, n.campaign_id, 'completed', $4, $4, n.initial_context, n.gathered_context,
               n.usage_info, n.annotations, n.extra, n.recording_url, n.transcript_url, n.user_recording_url, n.bot_recording_url
        FROM unnest($5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
             AS n (id, name, campaign_id, initial_context, gathered_context, usage_info, annotations, extra, recording_url, transcript_url,
                   user_recording_url, bot_recording_url)
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

    /// <summary>Stores the runs within the caller's transaction.</summary>
    public static async Task ExecuteAsync(
        NpgsqlConnection connection, long organizationId, long workflowId, int version, DateTimeOffset now, IReadOnlyList<NewRun> runs,
        CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        var parameters = command.Parameters;
        parameters.Add(new NpgsqlParameter<long> { TypedValue = organizationId });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = workflowId });
        parameters.Add(new NpgsqlParameter<int> { TypedValue = version });
        parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = now });
        parameters.AddArray(NpgsqlDbType.Bigint, runs, run => run.Id);
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
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>A run to store, completed.</summary>
/// <param name="Id">An id taken before.</param>
/// <param name="Fields">What it was started with.</param>
/// <param name="Completion">What the call found out.</param>
internal sealed record NewRun(long Id, RunFields Fields, Completion Completion);
