using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Removes those of an organization's runs that were completed long enough ago and have no delivery any more.</summary>
/// <remarks>
/// Only a run's first completion makes deliveries, in the transaction that completes it: a completed run without any gets none again, and one that is gone
/// cannot be completed (I2). Runs are walked by their primary key, which is in the order of their creation but for those that were stored at the same time.
/// </remarks>
internal static class RemoveRuns
{
    /// <summary>A page of runs, from an id on, and whether each was created long enough ago.</summary>
    public const string PageSql =
        """
        SELECT id, created_at < to_timestamp(extract(epoch FROM now())::float8 - $3)
        FROM workflow_runs
        WHERE organization_id = $1
          AND id > $2
        ORDER BY id
        LIMIT $4
        """;

    public const string Sql =
        """
        DELETE FROM workflow_runs AS r
        USING (SELECT organization_id, id
               FROM workflow_runs
               WHERE organization_id = $1
                 AND id = ANY ($2)
                 AND status = 'completed'
                 AND completed_at < to_timestamp(extract(epoch FROM now())::float8 - $3)
               ORDER BY id
               FOR UPDATE SKIP LOCKED) AS old
        WHERE r.organization_id = $1
          AND r.organization_id = old.organization_id
          AND r.id = old.id
          AND NOT EXISTS (SELECT FROM webhook_deliveries AS d WHERE d.organization_id = r.organization_id AND d.workflow_run_id = r.id)
        """;

    /// <summary>Reads one page.</summary>
    /// <returns>The page's runs; none, if not one of them is old enough, and then no later page has any.</returns>
    public static async Task<IReadOnlyList<long>> FindAsync(
        NpgsqlConnection connection, long organizationId, long after, TimeSpan age, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PageSql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = organizationId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = age.TotalSeconds });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        var page = new List<long>(limit);
        var isAnyOld = false;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            page.Add(reader.GetInt64(0));
            isAnyOld |= reader.GetBoolean(1);
        }

        return isAnyOld ? page : [];
    }

    /// <summary>Removes those of a page that are to go.</summary>
    /// <returns>How many.</returns>
    public static async Task<int> ExecuteAsync(
        NpgsqlConnection connection, long organizationId, long[] ids, TimeSpan age, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = organizationId });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = ids });
        command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = age.TotalSeconds });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
