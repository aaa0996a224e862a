using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Dograh.Webhooks.Retention;

/// <summary>Removes what is older than it is kept: deliveries that have ended, with their attempts; payloads, if they go earlier; runs without deliveries; audit events.</summary>
/// <remarks>
/// Organization by organization, a small batch at a time: each batch is a transaction, locks no more rows than it removes, waits for none, and is
/// followed by a pause. What is removed is decided by the statement that removes it, so it does no harm to walk the same rows twice.
/// </remarks>
public sealed class RetentionStore(NpgsqlDataSource dataSource, IOptions<RetentionOptions> options, TimeProvider time)
{
    /// <summary>The most deliveries, payloads, runs or audit events that one transaction removes.</summary>
    public const int BatchSize = 500;

    // Any key that the whole system agrees on; it spells "retain".
    private const long RetentionLock = 0x7265_7461_696E;

    // Room for others between batches, and the bound of what removing costs: some thousand rows a second.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    // Between two batches: a worker that stands still must not keep the others from removing.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(5);

    private static readonly DeliveryStatus[] Finished = [DeliveryStatus.Succeeded, DeliveryStatus.Cancelled];
    private static readonly DeliveryStatus[] Parked = [DeliveryStatus.DeadLetter];

    // Deliveries outlive their payloads, so there is no end of rows before the first one with a payload: it is remembered, by organization, and only
    // here. Another worker, or this one after a restart, walks them all once. A dead letter that succeeds late keeps its payload until one of these.
    private readonly Dictionary<long, OldDelivery> _payloadsRemovedUpTo = [];

    /// <summary>Removes all there is to remove, unless another worker is at it.</summary>
    /// <param name="onBatch">Told of each batch as soon as it is committed.</param>
    /// <param name="cancellationToken">Ends it with the batch that is under way rolled back.</param>
    /// <returns>What was removed; null if another worker is removing, and nothing was done.</returns>
    public async Task<RemovedRows?> RemoveAsync(Action<RemovedRows> onBatch, CancellationToken cancellationToken)
    {
        await using var held = await AdvisoryLock.TryTakeAsync(dataSource, RetentionLock, LongestSilence, cancellationToken);
        if (held is null) return null;

        var total = new RemovedRows();
        foreach (var organizationId in await ReadOrganizationsAsync(cancellationToken))
        {
            await RemoveAsync(organizationId, Removed, cancellationToken);
        }

        return total;

        async Task Removed(RemovedRows batch)
        {
            total += batch;
            if (batch == new RemovedRows()) return;
            onBatch(batch);
            await held.KeepAsync(cancellationToken);
            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private async Task RemoveAsync(long organizationId, Func<RemovedRows, Task> removed, CancellationToken cancellationToken)
    {
        var (days, deadLetterDays, payloadDays) = (options.Value.Days, options.Value.DeadLetterDays, options.Value.PayloadDays);
        if (days > 0) await RemoveDeliveriesAsync(organizationId, FindOldDeliveries.Sql, Finished, TimeSpan.FromDays(days), removed, cancellationToken);
        if (deadLetterDays > 0)
        {
            await RemoveDeliveriesAsync(
                organizationId, FindOldDeliveries.DeadLettersSql, Parked, TimeSpan.FromDays(deadLetterDays), removed, cancellationToken);
        }

        if (payloadDays > 0) await RemovePayloadsAsync(organizationId, TimeSpan.FromDays(payloadDays), removed, cancellationToken);
        // After the deliveries, whose runs may have none left now.
        if (days > 0) await RemoveRunsAsync(organizationId, TimeSpan.FromDays(days), removed, cancellationToken);
        if (options.Value.AuditDays is > 0 and var auditDays) await RemoveAuditEventsAsync(organizationId, TimeSpan.FromDays(auditDays), removed, cancellationToken);
    }

    private async Task RemoveDeliveriesAsync(
        long organizationId, string pageSql, DeliveryStatus[] statuses, TimeSpan age, Func<RemovedRows, Task> removed, CancellationToken cancellationToken)
    {
        var last = OldDelivery.First;
        IReadOnlyList<OldDelivery> page;
        do
        {
            page = await FindAsync(organizationId, pageSql, last, age, cancellationToken);
            if (page.Count == 0) break;
            last = page[^1];
            var gone = await RemoveAsync(organizationId, RemoveDeliveries.Sql, [.. page.Select(x => x.Id)], statuses, age, cancellationToken);
            await removed(new RemovedRows { Deliveries = gone.Count });
        }
        while (page.Count == BatchSize);
    }

    private async Task RemovePayloadsAsync(long organizationId, TimeSpan age, Func<RemovedRows, Task> removed, CancellationToken cancellationToken)
    {
        var last = _payloadsRemovedUpTo.GetValueOrDefault(organizationId, OldDelivery.First);
        var isRemovedUpToLast = true;
        IReadOnlyList<OldDelivery> page;
        do
        {
            page = await FindAsync(organizationId, FindOldDeliveries.PayloadsSql, last, age, cancellationToken);
            if (page.Count == 0) break;
            var ids = page.Where(x => x.HasPayload).Select(x => x.Id).ToArray();
            var gone = ids.Length == 0 ? null : await RemoveAsync(organizationId, RemoveDeliveries.PayloadsSql, ids, Finished, age, cancellationToken);
            foreach (var row in page)
            {
                // Pending still, ended not long enough ago, or locked: the next walk begins before it.
                isRemovedUpToLast &= !row.HasPayload || gone!.Contains(row.Id);
                if (isRemovedUpToLast) _payloadsRemovedUpTo[organizationId] = row;
            }

            last = page[^1];
            await removed(new RemovedRows { Payloads = gone?.Count ?? 0 });
        }
        while (page.Count == BatchSize);
    }

    private async Task RemoveRunsAsync(long organizationId, TimeSpan age, Func<RemovedRows, Task> removed, CancellationToken cancellationToken)
    {
        var last = 0L;
        IReadOnlyList<long> page;
        do
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            page = await RemoveRuns.FindAsync(connection, organizationId, last, age, BatchSize, cancellationToken);
            if (page.Count == 0) break;
            last = page[^1];
            var gone = await RemoveRuns.ExecuteAsync(connection, organizationId, [.. page], age, cancellationToken);
            await removed(new RemovedRows { Runs = gone });
        }
        while (page.Count == BatchSize);
    }

    private async Task RemoveAuditEventsAsync(long organizationId, TimeSpan age, Func<RemovedRows, Task> removed, CancellationToken cancellationToken)
    {
        int gone;
        do
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            gone = await RemoveAuditEvents.ExecuteAsync(connection, organizationId, age, BatchSize, cancellationToken);
            await removed(new RemovedRows { AuditEvents = gone });
        }
        while (gone == BatchSize);
    }

    private async Task<IReadOnlyList<OldDelivery>> FindAsync(
        long organizationId, string sql, OldDelivery after, TimeSpan age, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await FindOldDeliveries.ExecuteAsync(connection, sql, organizationId, after, age, BatchSize, cancellationToken);
    }

    private async Task<IReadOnlySet<long>> RemoveAsync(
        long organizationId, string sql, long[] ids, DeliveryStatus[] statuses, TimeSpan age, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await RemoveDeliveries.ExecuteAsync(connection, sql, organizationId, ids, statuses, age, cancellationToken);
    }

    private async Task<IReadOnlyList<long>> ReadOrganizationsAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT id FROM organizations ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ids = new List<long>();
        while (await reader.ReadAsync(cancellationToken)) ids.Add(reader.GetInt64(0));
        return ids;
    }
}

/// <summary>How much was removed.</summary>
/// <param name="Deliveries">Deliveries, with their attempts and listings.</param>
/// <param name="Payloads">Payloads of deliveries that are still there.</param>
/// <param name="Runs">Runs without deliveries.</param>
public readonly record struct RemovedRows(long Deliveries, long Payloads, long Runs)
{
    /// <summary>Events of the audit log.</summary>
    public long AuditEvents { get; init; }

    /// <summary>Both together.</summary>
    public static RemovedRows operator +(RemovedRows a, RemovedRows b) =>
        new(a.Deliveries + b.Deliveries, a.Payloads + b.Payloads, a.Runs + b.Runs) { AuditEvents = a.AuditEvents + b.AuditEvents };
}
