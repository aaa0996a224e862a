using Dograh.Webhooks.Quotas;
using Dograh.Webhooks.Runs;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>For many runs that are about to be stored: whether their API key still works and may store runs, their workflow's current version, an id, and their
/// organization's quotas.</summary>
/// <remarks>
/// A payload may name its run's id, so the id comes before the row. Finds its rows by the unique key <c>ux_api_keys_key_hash</c> and the primary keys of
/// <c>workflows</c> and <c>organization_quotas</c>.
/// </remarks>
internal static class BeginCompletedRuns
{
    public const string Sql =
        """
        SELECT b.n, w.name, w.version, now(), nextval((SELECT pg_get_serial_sequence('workflow_runs', 'id'))::regclass),
               k.scopes IS NULL OR 'runs:write' = ANY (k.scopes), q.deliveries_per_minute, q.pending_deliveries, q.payload_bytes
        FROM unnest($1, $2, $3) WITH ORDINALITY AS b (organization_id, workflow_id, key_hash, n)
        JOIN api_keys AS k ON k.key_hash = b.key_hash AND k.organization_id = b.organization_id AND (k.expires_at IS NULL OR k.expires_at > now())
        LEFT JOIN workflows AS w ON w.organization_id = b.organization_id AND w.id = b.workflow_id
        LEFT JOIN organization_quotas AS q ON q.organization_id = b.organization_id
        """;

    /// <summary>The command that asks; for <see cref="ReadAsync"/>.</summary>
    public static NpgsqlBatchCommand Command(IReadOnlyList<CompletedRun> runs)
    {
        var command = new NpgsqlBatchCommand(Sql);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, runs, run => run.OrganizationId);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, runs, run => run.WorkflowId);
        command.Parameters.AddArray(NpgsqlDbType.Bytea, runs, run => run.KeyHash);
        return command;
    }

    /// <summary>Reads what the command returns.</summary>
    /// <returns>In the runs' order; null where the key does not work any more.</returns>
    public static async Task<BegunRun?[]> ReadAsync(NpgsqlDataReader reader, int count, CancellationToken cancellationToken)
    {
        var begun = new BegunRun?[count];
        while (await reader.ReadAsync(cancellationToken))
        {
            var workflow = reader.IsDBNull(1) ? null : new BegunWorkflow(reader.GetString(1), reader.GetInt32(2));
            begun[reader.GetInt64(0) - 1] = new BegunRun(reader.GetInt64(4), reader.GetFieldValue<DateTimeOffset>(3), workflow, reader.GetBoolean(5), QuotaLimits.ReadOwn(reader, 6));
        }

        return begun;
    }
}

/// <summary>A run that is about to be stored.</summary>
/// <param name="RunId">Its id.</param>
/// <param name="Now">The database's time.</param>
/// <param name="Workflow">Its workflow; null if the organization has no such workflow.</param>
/// <param name="IsAllowed">Whether its key may store runs.</param>
/// <param name="Quotas">What the operator has set for its organization.</param>
internal sealed record BegunRun(long RunId, DateTimeOffset Now, BegunWorkflow? Workflow, bool IsAllowed, OrganizationQuotas Quotas);

/// <summary>What a workflow is just now.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its current version.</param>
internal sealed record BegunWorkflow(string Name, int Version);
