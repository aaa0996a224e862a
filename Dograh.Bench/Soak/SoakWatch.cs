using System.Globalization;
using Dograh.Bench.Stack;

namespace Dograh.Bench.Soak;

/// <summary>Looks at what the processes, PostgreSQL and Redis hold.</summary>
internal sealed class SoakWatch(BenchStack stack, int workerId)
{
    private const string DatabaseSql =
        """
        SELECT ARRAY[
            (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
            (SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'webhook_deliveries'),
            (SELECT sum(n_dead_tup) FROM pg_stat_user_tables)::bigint,
            (SELECT sum(pg_table_size(relid)) FROM pg_stat_user_tables)::bigint,
            (SELECT sum(pg_indexes_size(relid)) FROM pg_stat_user_tables)::bigint]
        """;

    private const double Megabyte = 1024 * 1024;

    public async Task<SoakLook> LookAsync(TimeSpan at, CancellationToken stop)
    {
        var database = await stack.Postgres.ReadAsync<long[]>(DatabaseSql, stop);
        return new SoakLook(
            at, Megabytes(stack.Api.ProcessId), Megabytes(workerId), Handles(stack.Api.ProcessId), Handles(workerId),
            database[0], database[1], database[2], database[3] / Megabyte, database[4] / Megabyte, await stack.Stored.CountQueuedAsync());
    }

    private static int Handles(int processId) => Directory.GetFileSystemEntries($"/proc/{processId}/fd").Length;

    private static double Megabytes(int processId)
    {
        var line = File.ReadLines($"/proc/{processId}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
    }
}
