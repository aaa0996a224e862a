using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>What organizations have waiting and parked just now.</summary>
/// <remarks>
/// What is pending is counted in <c>ix_webhook_deliveries_due</c>, which holds everybody's, dead letters in <c>ix_webhook_deliveries_dead_letter</c>, where each organization's lie together; neither
/// reads a row that PostgreSQL knows to be visible. A delivery that was claimed is not due before its lease ends: its <c>scheduled_for</c> says so.
/// </remarks>
public static class ReadBacklog
{
    internal const string Sql =
        """
        WITH waiting AS (
            SELECT organization_id, count(*) AS pending, count(*) FILTER (WHERE scheduled_for <= now()) AS due, min(scheduled_for) AS oldest
            FROM webhook_deliveries
            WHERE organization_id = ANY ($1) AND status = 'pending'
            GROUP BY organization_id),
        parked AS (
            SELECT organization_id, count(*) AS dead_letters
            FROM webhook_deliveries
            WHERE organization_id = ANY ($1) AND status = 'dead_letter'
            GROUP BY organization_id)
        SELECT coalesce(w.organization_id, p.organization_id), coalesce(w.pending, 0), coalesce(w.due, 0),
               CASE WHEN w.oldest <= now() THEN extract(epoch FROM now() - w.oldest)::float8 ELSE 0 END, coalesce(p.dead_letters, 0)
        FROM waiting AS w
        FULL JOIN parked AS p ON p.organization_id = w.organization_id
        """;

    /// <summary>Runs the statement.</summary>
    /// <returns>By organization, each of those that were asked for.</returns>
    public static async Task<IReadOnlyDictionary<long, Backlog>> ExecuteAsync(
        NpgsqlConnection connection, IReadOnlyList<long> organizationIds, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, organizationIds, id => id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var backlogs = organizationIds.ToDictionary(id => id, _ => new Backlog(0, 0, 0, 0));
        while (await reader.ReadAsync(cancellationToken))
        {
            backlogs[reader.GetInt64(0)] = new Backlog(reader.GetInt64(1), reader.GetInt64(2), reader.GetDouble(3), reader.GetInt64(4));
        }

        return backlogs;
    }
}

/// <summary>What an organization has waiting and parked.</summary>
/// <param name="Pending">Deliveries that are pending, whenever they are due.</param>
/// <param name="Due">Those of them that are due, and that no worker has.</param>
/// <param name="OldestDueAgeSeconds">For how long the first of these has been due; 0 if none is.</param>
/// <param name="DeadLetters">Dead letters, whenever they were created.</param>
public sealed record Backlog(long Pending, long Due, double OldestDueAgeSeconds, long DeadLetters);
