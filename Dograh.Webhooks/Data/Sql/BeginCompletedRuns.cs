using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Looks up the current version of many workflows at once, and takes an id for a run of each.</summary>
/// <remarks>A payload may name its run's id, so the id comes before the row. Finds its rows by the primary key of <c>workflows</c>.</remarks>
internal static class BeginCompletedRuns
{
    public const string Sql =
        """
        SELECT k.n, w.name, w.version, now(), nextval((SELECT pg_get_serial_sequence('workflow_runs', 'id'))::regclass)
        FROM unnest($1, $2) WITH ORDINALITY AS k (organization_id, id, n)
        JOIN workflows AS w ON w.organization_id = k.organization_id AND w.id = k.id
        """;

    /// <summary>Runs the statement.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="workflows">The workflows, one for each run; the same may come many times.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <returns>In their order; null where the organization has no such workflow.</returns>
    public static async Task<IReadOnlyList<BegunRun?>> ExecuteAsync(
        NpgsqlConnection connection, IReadOnlyList<(long OrganizationId, long WorkflowId)> workflows, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, workflows, workflow => workflow.OrganizationId);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, workflows, workflow => workflow.WorkflowId);
        var begun = new BegunRun?[workflows.Count];
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            begun[reader.GetInt64(0) - 1] = new BegunRun(reader.GetInt64(4), reader.GetString(1), reader.GetInt32(2), reader.GetFieldValue<DateTimeOffset>(3));
        }

        return begun;
    }
}

/// <summary>A run that is about to be stored.</summary>
/// <param name="RunId">Its id.</param>
/// <param name="WorkflowName">Its workflow's name.</param>
/// <param name="Version">Its workflow's current version.</param>
/// <param name="Now">The database's time.</param>
internal sealed record BegunRun(long RunId, string WorkflowName, int Version, DateTimeOffset Now);
