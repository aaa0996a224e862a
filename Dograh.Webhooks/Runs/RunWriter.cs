using Dograh.Webhooks.Batching;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Dograh.Webhooks.Runs;

/// <summary>Stores completed runs with their deliveries, those of many requests in one transaction: a group commit.</summary>
/// <remarks>
/// Each request is answered once the transaction that holds its rows is committed (I1). A row that PostgreSQL refuses fails its own request only: the
/// others are stored without it.
/// </remarks>
internal sealed class RunWriter
{
    private const int MaxGroup = 128;

    // While one group waits for the disk, the next is on its way.
    private const int Concurrency = 2;

    private readonly NpgsqlDataSource _dataSource;
    private readonly WebhookDeliveryOptions _options;
    private readonly Batcher<StoredRun, IReadOnlyList<DueDelivery>> _batcher;

    public RunWriter(NpgsqlDataSource dataSource, IOptions<WebhookDeliveryOptions> options)
    {
        _dataSource = dataSource;
        _options = options.Value;
        _batcher = new(StoreAsync, MaxGroup, Concurrency, IsOneRowsFault);
    }

    /// <summary>Stores a run and its deliveries, and returns once they are durable.</summary>
    /// <returns>The deliveries, due now.</returns>
    public Task<IReadOnlyList<DueDelivery>> StoreAsync(NewRun run, IReadOnlyList<NewDelivery> deliveries) => _batcher.RunAsync(new StoredRun(run, deliveries));

    private async Task<IReadOnlyList<IReadOnlyList<DueDelivery>>> StoreAsync(IReadOnlyList<StoredRun> group)
    {
        await using var connection = await _dataSource.OpenConnectionAsync();
        // One batch without BEGIN is one transaction, and one round trip.
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(InsertCompletedRuns.Command([.. group.Select(stored => stored.Run).OrderBy(run => (run.OrganizationId, run.Id))]));
        var deliveries = group.SelectMany(stored => stored.Deliveries).OrderBy(row => (row.OrganizationId, row.WorkflowRunId)).ToList();
        if (deliveries.Count > 0) batch.BatchCommands.Add(InsertDeliveries.Command(deliveries, _options));

        await using var reader = await batch.ExecuteReaderAsync();
        // The first statement returns no rows, and so has no result to go past.
        var created = deliveries.Count > 0 ? await InsertDeliveries.ReadAsync(reader, CancellationToken.None) : [];
        // Errors of the commit itself come with the end of the batch.
        await reader.NextResultAsync();
        return group.Select(IReadOnlyList<DueDelivery> (stored) => stored.Deliveries.Select(row => created[row.DeliveryUuid]).ToList()).ToList();
    }

    // Data exceptions (class 22), broken constraints (23) and exceeded limits (54).
    private static bool IsOneRowsFault(Exception e) => e is PostgresException { SqlState: var state } && state[..2] is ("22" or "23" or "54");

    private sealed record StoredRun(NewRun Run, IReadOnlyList<NewDelivery> Deliveries);
}
