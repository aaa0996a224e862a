using System.Diagnostics;
using StackExchange.Redis;

namespace Dograh.Bench.Stack;

/// <summary>The rows and the keys that lie in PostgreSQL and Redis before a round, and what has become of them after it.</summary>
/// <remarks>Rows are copies of one that the API has made, column by column, so that they are what the services of today make.</remarks>
internal sealed class StoredDeliveries(BenchPostgres postgres, IConnectionMultiplexer redis, CancellationToken stop)
{
    private const int Chunk = 100_000;
    private const string Newest = "(SELECT * FROM webhook_deliveries ORDER BY organization_id DESC, id DESC LIMIT 1)";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>Forgets every delivery and run.</summary>
    public async Task ResetAsync()
    {
        await postgres.ExecuteAsync("TRUNCATE webhook_delivery_attempts, webhook_deliveries, workflow_runs, idempotency_keys CASCADE", stop);
        await postgres.ExecuteAsync("CHECKPOINT", stop);
        await ClearQueueAsync();
    }

    /// <summary>Empties Redis.</summary>
    public async Task ClearQueueAsync()
    {
        foreach (var server in redis.GetServers()) await server.FlushAllDatabasesAsync();
    }

    /// <summary>How many keys the queue holds.</summary>
    public Task<long> CountQueuedAsync() => redis.GetDatabase().SortedSetLengthAsync("dograh:{deliveries:0}");

    /// <summary>Copies the newest delivery, which must be pending, with a run for each copy, and removes the one that was copied.</summary>
    public async Task CopyPendingAsync(long count)
    {
        var copied = await postgres.ReadAsync<long>($"SELECT id FROM {Newest} AS newest", stop);
        await CopyAsync(count, [], withAttempts: false);
        await postgres.ExecuteAsync($"DELETE FROM webhook_deliveries WHERE id = {copied}", stop);
    }

    /// <summary>Copies the newest delivery, which must be finished, with its attempt and a run for each copy, one made every ten milliseconds.</summary>
    public Task CopyFinishedAsync(long count) => CopyAsync(
        count,
        new()
        {
            ["created_at"] = $"now() - ({count} - run.n) * interval '10 ms'",
            ["delivered_at"] = $"now() - ({count} - run.n) * interval '10 ms'",
        },
        withAttempts: true);

    /// <summary>Makes statistics what they are on a server that has been running.</summary>
    /// <remarks>The rows stay as fresh as they are when they come from the API: not vacuumed, and their pages in no checkpoint yet.</remarks>
    public Task SettleAsync() => postgres.ExecuteAsync("ANALYZE webhook_deliveries, webhook_delivery_listings, workflow_runs, webhook_delivery_attempts", stop);

    /// <summary>How many are pending.</summary>
    public Task<long> CountPendingAsync() => postgres.ReadAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'", stop);

    /// <summary>Removes the newest of the pending ones.</summary>
    public Task RemovePendingAsync(long count) => postgres.ExecuteAsync(
        $"""
        DELETE FROM webhook_deliveries AS d
        USING (SELECT organization_id, id FROM webhook_deliveries WHERE status = 'pending' ORDER BY id DESC LIMIT {count}) AS surplus
        WHERE d.organization_id = surplus.organization_id AND d.id = surplus.id
        """,
        stop);

    /// <summary>Puts the oldest pending deliveries into the queue, and wakes the workers.</summary>
    public async Task QueueAsync(long count)
    {
        var database = redis.GetDatabase();
        var chunk = new List<SortedSetEntry>();
        await using var command = postgres.DataSource.CreateCommand(
            $"""
            SELECT organization_id || ':' || id, (extract(epoch FROM scheduled_for) * 1000)::float8
            FROM webhook_deliveries WHERE status = 'pending' ORDER BY scheduled_for, organization_id, id LIMIT {count}
            """);
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            chunk.Add(new SortedSetEntry(reader.GetString(0), Math.Ceiling(reader.GetDouble(1))));
            if (chunk.Count == 1000) await FlushAsync();
        }

        await FlushAsync();
        await database.PublishAsync(RedisChannel.Literal("dograh:deliveries:wake"), "");

        async Task FlushAsync()
        {
            if (chunk.Count > 0) await database.SortedSetAddAsync("dograh:{deliveries:0}", [.. chunk]);
            chunk.Clear();
        }
    }

    /// <summary>Makes all that is pending due at another time.</summary>
    /// <param name="workflow">Of this workflow.</param>
    /// <param name="seconds">From now.</param>
    public Task PostponeAsync(long workflow, int seconds) => postgres.ExecuteAsync(
        $"UPDATE webhook_deliveries SET scheduled_for = now() + interval '{seconds} s' WHERE workflow_id = {workflow} AND status = 'pending'", stop);

    /// <summary>How often pending deliveries have been claimed without an attempt.</summary>
    public Task<long> CountDeferralsAsync() => postgres.ReadAsync<long>(
        "SELECT coalesce(sum(claim_count - attempt_count), 0)::bigint FROM webhook_deliveries WHERE status = 'pending' AND leased_by IS NULL", stop);

    /// <summary>Waits until no delivery is pending.</summary>
    /// <param name="workflow">Of this workflow; null for all.</param>
    /// <exception cref="BenchException">Some still are after two minutes.</exception>
    public async Task WaitForNonePendingAsync(long? workflow = null)
    {
        var started = Stopwatch.GetTimestamp();
        var ofWorkflow = workflow is null ? "" : $"AND workflow_id = {workflow}";
        await using var command = postgres.DataSource.CreateCommand($"SELECT EXISTS (SELECT FROM webhook_deliveries WHERE status = 'pending' {ofWorkflow})");
        while (await command.ExecuteScalarAsync(stop) is true)
        {
            if (Stopwatch.GetElapsedTime(started) > Patience) throw new BenchException($"{await CountPendingAsync()} deliveries are still pending.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, stop);
        }
    }

    /// <summary>Checks that so many have succeeded, and none has ended otherwise: a rate of lost deliveries would be no rate.</summary>
    /// <exception cref="BenchException">It is not so.</exception>
    public async Task DemandSucceededAsync(long count)
    {
        var succeeded = await postgres.ReadAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE status = 'succeeded'", stop);
        var all = await postgres.ReadAsync<long>("SELECT count(*) FROM webhook_deliveries", stop);
        if (succeeded != count || all != count) throw new BenchException($"Of {count} deliveries {all} are there and {succeeded} have succeeded.");
    }

    private async Task CopyAsync(long count, Dictionary<string, string> replaced, bool withAttempts)
    {
        var runs = await ColumnsAsync("workflow_runs", "first", []);
        var deliveries = await ColumnsAsync(
            "webhook_deliveries", "first", new(replaced) { ["workflow_run_id"] = "run.id", ["delivery_uuid"] = "gen_random_uuid()" });
        var attempts = await ColumnsAsync("webhook_delivery_attempts", "first", new() { ["delivery_id"] = "delivery.id", ["started_at"] = "delivery.created_at" });
        var copied = await postgres.ReadAsync<long>($"SELECT id FROM {Newest} AS newest", stop);

        // In chunks: so that Ctrl+C is heard, and the checks of foreign keys do not fill the memory.
        for (long from = 0; from < count; from += Chunk)
        {
            var to = Math.Min(count, from + Chunk);
            var copyDeliveries =
                $"""
                INSERT INTO webhook_deliveries ({deliveries.Names})
                SELECT {deliveries.Values}
                FROM (SELECT * FROM webhook_deliveries WHERE id = {copied}) AS first, (SELECT id, {from} + row_number() OVER (ORDER BY id) AS n FROM run) AS run
                """;
            await postgres.ExecuteAsync(
                $"""
                WITH run AS (
                    INSERT INTO workflow_runs ({runs.Names})
                    SELECT {runs.Values}
                    FROM (SELECT r.* FROM workflow_runs AS r JOIN webhook_deliveries AS d ON d.workflow_run_id = r.id WHERE d.id = {copied}) AS first,
                         generate_series({from} + 1, {to})
                    RETURNING id)
                {(withAttempts
                    ? $"""
                        , delivery AS ({copyDeliveries} RETURNING id, created_at)
                        INSERT INTO webhook_delivery_attempts ({attempts.Names})
                        SELECT {attempts.Values}
                        FROM (SELECT * FROM webhook_delivery_attempts WHERE delivery_id = {copied}) AS first, delivery
                        """
                    : copyDeliveries)}
                """,
                stop);
            // Sessions keep the plans by which foreign keys are checked, and those made while a table was empty read through all of it, for each row.
            if (from == 0) await SettleAsync();
        }

        // By statistics that know the copies: a join of two tables that were small a moment ago would compare each row with each.
        await SettleAsync();
        await postgres.ExecuteAsync(
            """
            INSERT INTO webhook_delivery_listings (organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host)
            SELECT d.organization_id, d.id, d.created_at, d.workflow_id, d.webhook_node_id, d.endpoint_host
            FROM webhook_deliveries AS d LEFT JOIN webhook_delivery_listings AS l ON l.organization_id = d.organization_id AND l.id = d.id
            WHERE l.id IS NULL
            """,
            stop);
    }

    // Ids come from their sequences, so that copies and what the API makes later never meet.
    private async Task<(string Names, string Values)> ColumnsAsync(string table, string source, Dictionary<string, string> replaced)
    {
        var columns = await postgres.ReadAsync<string[]>(
            $"""
            SELECT array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name = '{table}' AND is_generated = 'NEVER' AND is_identity = 'NO'
            """,
            stop);
        return (string.Join(", ", columns), string.Join(", ", columns.Select(column => replaced.GetValueOrDefault(column, $"{source}.{column}"))));
    }
}
