using Dograh.Webhooks.Data;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Retention;
using Dograh.Webhooks.Telemetry;

namespace Dograh.Worker;

/// <summary>Removes what is older than it is kept: at start, and every hour.</summary>
/// <remarks>Every worker has one and an advisory lock lets one of them remove. It stops with the worker at once: the next one goes on where it ended.</remarks>
internal sealed partial class RetentionSweep(
    DatabaseMigrator migrator, RetentionStore store, TimeProvider time, ILogger<RetentionSweep> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan IntervalAfterFailure = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await migrator.WaitUntilCurrentAsync(stoppingToken);
            while (!stoppingToken.IsCancellationRequested)
            {
                await Task.Delay(await RunGuardedAsync(stoppingToken), time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    /// <summary>Removes all there is to remove, unless another worker is at it.</summary>
    internal async Task<RemovedRows> RunOnceAsync(CancellationToken cancellationToken)
    {
        var total = new RemovedRows();
        try
        {
            await store.RemoveAsync(
                batch =>
                {
                    total += batch;
                    Count("delivery", batch.Deliveries);
                    Count("payload", batch.Payloads);
                    Count("run", batch.Runs);
                    Count("audit_event", batch.AuditEvents);
                },
                cancellationToken);
        }
        finally
        {
            // Also of one that did not get to its end: what is gone is gone.
            if (total != new RemovedRows()) LogRemoved(logger, total.Deliveries, total.Payloads, total.Runs, total.AuditEvents);
        }

        return total;
    }

    private static void Count(string what, long rows)
    {
        if (rows > 0) DograhTelemetry.RetentionRemoved.Add(rows, new KeyValuePair<string, object?>("what", what));
    }

    private async Task<TimeSpan> RunGuardedAsync(CancellationToken stoppingToken)
    {
        try
        {
            await RunOnceAsync(stoppingToken);
            return Interval;
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            // What was removed is removed, and the rest can wait.
            LogFailed(logger, e.GetType().Name, e.Message, DatabaseFailure.IsUnavailable(e) ? null : e);
            return IntervalAfterFailure;
        }
    }

    [LoggerMessage(1, LogLevel.Information,
        "retention.removed: {Deliveries} deliveries, {Payloads} payloads and {Runs} runs, and {AuditEvents} audit events, were older than they are kept.")]
    private static partial void LogRemoved(ILogger logger, long deliveries, long payloads, long runs, long auditEvents);

    [LoggerMessage(2, LogLevel.Warning, "Removing what is old failed ({ErrorType}: {Error}); it is tried again in a minute.")]
    private static partial void LogFailed(ILogger logger, string errorType, [FailureText] string error, Exception? exception);
}
