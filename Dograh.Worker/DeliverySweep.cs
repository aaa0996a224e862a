using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Idempotency;
using Dograh.Webhooks.Queue;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Telemetry;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Dograh.Worker;

/// <summary>Finds due deliveries that the queue has lost, and such as no list shows: at start, at every interval, and when Redis comes back.</summary>
/// <remarks>Every worker has one and an advisory lock lets one of them sweep; it puts back only what is missing, so that sweeping twice does no harm.</remarks>
internal sealed partial class DeliverySweep(
    DatabaseMigrator migrator, DatabaseClock clock, DeliveryStore store, DeliveryQueue queue, IdempotencyStore idempotency,
    IOptions<WebhookDeliveryOptions> options, TimeProvider time, ILogger<DeliverySweep> logger) : BackgroundService
{
    private const int PageSize = 1000;

    // A migration may leave a million to list: some of them now, for the queue comes first, and the rest in the sweeps after this one.
    private const int MaxListingBatches = 200;

    // A generous guess at what one slot can do in a second: beyond what all slots do until the next sweep, queueing more helps nobody.
    private const double AttemptsPerSlotSecond = 10;

    // A worker that stops in the middle of its sweep keeps the others from theirs no longer than until the next one is due, or so long.
    private const double LeastLockSeconds = 5;

    private readonly WakeSignal _redisIsBack = new(time);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await migrator.WaitUntilCurrentAsync(stoppingToken);
            await queue.SubscribeAsync(static () => { }, _redisIsBack.Set);
            while (!stoppingToken.IsCancellationRequested)
            {
                await RunGuardedAsync(stoppingToken);
                await _redisIsBack.WaitAsync(TimeSpan.FromSeconds(options.Value.SweepIntervalSeconds), stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    /// <summary>Sweeps once, unless another worker is at it.</summary>
    /// <returns>How many keys were missing from the queue and are there now.</returns>
    internal async Task<long> RunOnceAsync(CancellationToken cancellationToken)
    {
        await clock.SynchronizeAsync(cancellationToken);
        var rescheduled = 0L;
        await store.WithSweepLockAsync(async () =>
        {
            try
            {
                rescheduled = await RescheduleAsync(cancellationToken);
            }
            finally
            {
                // A Redis that takes nothing in, for hours perhaps, is no reason to leave these undone.
                await ListUnlistedAsync(cancellationToken);
                await idempotency.DeleteExpiredAsync(cancellationToken);
            }
        }, TimeSpan.FromSeconds(Math.Max(options.Value.SweepIntervalSeconds, LeastLockSeconds)), cancellationToken);

        if (rescheduled > 0)
        {
            DograhTelemetry.SweepRescheduled.Add(rescheduled);
            LogSwept(logger, rescheduled);
        }

        return rescheduled;
    }

    private async Task<long> RescheduleAsync(CancellationToken cancellationToken)
    {
        // Without Redis there is nothing to put back into: the workers read PostgreSQL themselves.
        if (!queue.IsConnected) return 0;
        var enough = (long)(options.Value.Concurrency * AttemptsPerSlotSecond * Math.Max(options.Value.SweepIntervalSeconds, 1));
        var rescheduled = 0L;
        DueDelivery? last = null;
        IReadOnlyList<DueDelivery> page;
        do
        {
            // Those that are due: what waits for later, a backoff or a paced replay, leaves the workers free for what is missing.
            if (await queue.CountDueAsync(clock.Now) >= enough) break;
            page = await store.FindDueAsync(last, PageSize, cancellationToken);
            if (page.Count == 0) break;
            rescheduled += await queue.AddMissingAsync(page);
            last = page[^1];
        }
        while (page.Count == PageSize);

        if (rescheduled > 0) await queue.WakeAsync();
        return rescheduled;
    }

    private async Task ListUnlistedAsync(CancellationToken cancellationToken)
    {
        var listed = 0L;
        for (var batch = 0; batch < MaxListingBatches; batch++)
        {
            var count = await store.ListUnlistedAsync(PageSize, cancellationToken);
            listed += count;
            if (count < PageSize) break;
        }

        if (listed > 0) LogListed(logger, listed);
    }

    private async Task RunGuardedAsync(CancellationToken stoppingToken)
    {
        try
        {
            await RunOnceAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
        catch (Exception e)
        {
            // The next sweep tries again; what matters is that there is one.
            LogFailed(logger, e.GetType().Name, e.Message, e is Npgsql.NpgsqlException or RedisException or TimeoutException ? null : e);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "sweep.rescheduled: {Count} due deliveries were missing from the queue.")]
    private static partial void LogSwept(ILogger logger, long count);

    [LoggerMessage(3, LogLevel.Information, "sweep.listed: {Count} deliveries were in no list: a build from before the listings stored them.")]
    private static partial void LogListed(ILogger logger, long count);

    [LoggerMessage(2, LogLevel.Warning, "A sweep failed ({ErrorType}: {Error}); the next one tries again.")]
    private static partial void LogFailed(ILogger logger, string errorType, [FailureText] string error, Exception? exception);
}
