using System.Threading.Channels;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Queue;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Telemetry;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Dograh.Worker;

/// <summary>Records outcomes in batches: whatever has come in while the last batch was written is the next one.</summary>
/// <remarks>
/// An outcome is held until PostgreSQL has it, however long PostgreSQL is away: a receiver's 2xx must not be forgotten. If this process
/// dies first, the lease ends, the delivery is sent again under the same attempt number, and the receiver dedupes by its id.
/// </remarks>
internal sealed partial class OutcomeRecorder(
    DeliveryStore store, DeliveryQueue queue, DatabaseClock clock, WorkerIdentity worker, IOptions<WebhookDeliveryOptions> options,
    TimeProvider time, ILogger<OutcomeRecorder> logger)
{
    private const int MaxBatch = 256;

    // When outcomes come in at this pace, more are on their way: a short wait for them makes one statement of several.
    private const int BusyBatch = 8;
    private const int WorthwhileBatch = 128;
    private static readonly TimeSpan GatheringTime = TimeSpan.FromMilliseconds(12);
    private const string NotStored = "what went wrong cannot be stored";
    private static readonly TimeSpan LockedDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRetryDelay = TimeSpan.FromSeconds(2);

    private readonly Channel<DeliveryOutcome> _outcomes = Channel.CreateUnbounded<DeliveryOutcome>(new UnboundedChannelOptions { SingleReader = true });

    private readonly WakeSignal _worthwhile = new(time);
    private int _waiting;

    // Of the batch that is being written, those of rows that somebody else has locked.
    private readonly Dictionary<DeliveryKey, DeliveryOutcome> _locked = [];

    private int _unrecorded;
    private volatile bool _isComplete;

    /// <summary>Hands over an outcome; <see cref="DeliveryOutcome.WhenRecorded"/> tells when it is recorded.</summary>
    public void Add(DeliveryOutcome outcome)
    {
        Interlocked.Increment(ref _unrecorded);
        Enqueue(outcome);
    }

    /// <summary>No more will come: <see cref="RunAsync"/> ends once all is recorded.</summary>
    public void Complete()
    {
        _isComplete = true;
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _unrecorded) == 0) _outcomes.Writer.TryComplete();
    }

    /// <summary>Records until completed and empty, or until the token gives up what is left to the leases.</summary>
    public async Task RunAsync(CancellationToken giveUp)
    {
        var batch = new Dictionary<DeliveryKey, DeliveryOutcome>(MaxBatch);
        var lastBatch = 0;
        try
        {
            while (await _outcomes.Reader.WaitToReadAsync(giveUp))
            {
                if (lastBatch >= BusyBatch) await GatherAsync(giveUp);
                // At most one outcome a delivery: a late one of an earlier claim waits for the next batch.
                while (batch.Count < MaxBatch && _outcomes.Reader.TryPeek(out var next) && batch.TryAdd(next.Delivery.Key, next))
                {
                    _outcomes.Reader.TryRead(out _);
                    Interlocked.Decrement(ref _waiting);
                }

                await WriteGuardedAsync(batch.Values, giveUp);
                foreach (var (key, outcome) in batch)
                {
                    if (_locked.Remove(key, out var locked))
                    {
                        _ = EnqueueLaterAsync(locked, giveUp);
                        continue;
                    }

                    outcome.WhenRecorded?.Invoke();
                    Finish();
                }

                lastBatch = batch.Count;
                batch.Clear();
            }
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
        {
            LogGivenUp(logger, Volatile.Read(ref _unrecorded));
        }
    }

    private void Enqueue(DeliveryOutcome outcome)
    {
        _outcomes.Writer.TryWrite(outcome);
        if (Interlocked.Increment(ref _waiting) == WorthwhileBatch) _worthwhile.Set();
    }

    private async Task EnqueueLaterAsync(DeliveryOutcome outcome, CancellationToken giveUp)
    {
        try
        {
            await Task.Delay(LockedDelay, time, giveUp);
            Enqueue(outcome);
        }
        catch (OperationCanceledException)
        {
            // Given up, and counted as such.
        }
    }

    private void Finish()
    {
        if (Interlocked.Decrement(ref _unrecorded) == 0 && _isComplete) _outcomes.Writer.TryComplete();
    }

    private async Task GatherAsync(CancellationToken giveUp)
    {
        var started = time.GetTimestamp();
        while (Volatile.Read(ref _waiting) < WorthwhileBatch && GatheringTime - time.GetElapsedTime(started) is var left && left > TimeSpan.Zero)
        {
            await _worthwhile.WaitAsync(left, giveUp);
            giveUp.ThrowIfCancellationRequested();
        }
    }

    private async Task WriteGuardedAsync(IReadOnlyCollection<DeliveryOutcome> outcomes, CancellationToken giveUp)
    {
        try
        {
            await WriteAsync(outcomes, giveUp);
        }
        catch (Exception e) when (!giveUp.IsCancellationRequested)
        {
            // Whatever it is, the recorder must outlive it, or every slot of this worker would fill up behind it.
            LogUnrecorded(logger, e, outcomes.Count);
        }
    }

    private async Task WriteAsync(IReadOnlyCollection<DeliveryOutcome> outcomes, CancellationToken giveUp)
    {
        var attempted = outcomes.Where(outcome => outcome.Record is not null).ToList();
        var returned = outcomes.Where(outcome => outcome.Return is not null).ToList();
        var due = new List<DueDelivery>();
        try
        {
            if (attempted.Count > 0) await RecordAsync(attempted, due, giveUp);
            if (returned.Count > 0) await ReturnAsync(returned, due, giveUp);
        }
        finally
        {
            // What was written is due, whatever became of the rest.
            await queue.TryScheduleAsync(due);
        }
    }

    private async Task RecordAsync(IReadOnlyList<DeliveryOutcome> outcomes, List<DueDelivery> due, CancellationToken giveUp)
    {
        IReadOnlyDictionary<DeliveryKey, Recorded> written;
        var records = outcomes.Select(outcome => outcome.Record!).ToList();
        try
        {
            written = await PersistAsync(
                () => store.RecordAsync(records, worker.Name, giveUp), () => store.RecordAroundLockedAsync(records, worker.Name, giveUp), outcomes, giveUp);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await WriteApartAsync(outcomes, e, some => RecordAsync(some, due, giveUp), WithoutTexts);
            return;
        }

        foreach (var outcome in outcomes)
        {
            if (written.TryGetValue(outcome.Delivery.Key, out var recorded)) Recorded(outcome, recorded.DueAt, due);
            else if (!_locked.ContainsKey(outcome.Delivery.Key)) Lost(outcome);
        }
    }

    // What is worth another try was tried again: this is refused, by PostgreSQL or on the way there, and would be again. One row that PostgreSQL will not take
    // must not keep the others from being written: halve until it stands alone, and leave out of it what is not ours, which matters less than the outcome.
    private async Task WriteApartAsync(
        IReadOnlyList<DeliveryOutcome> outcomes, Exception refusal, Func<IReadOnlyList<DeliveryOutcome>, Task> write, Func<DeliveryOutcome, DeliveryOutcome> withoutTexts)
    {
        if (outcomes.Count > 1)
        {
            var half = outcomes.Count / 2;
            await write(outcomes.Take(half).ToList());
            await write(outcomes.Skip(half).ToList());
            return;
        }

        using var scope = logger.BeginScope(new DeliveryLogScope(outcomes[0].Delivery));
        var reason = refusal is PostgresException postgres ? postgres.SqlState : refusal.GetType().Name;
        var bare = withoutTexts(outcomes[0]);
        if (bare == outcomes[0])
        {
            LogRefused(logger, reason);
            return;
        }

        LogStripped(logger, reason);
        await write([bare]);
    }

    // What the receiver answered is the only text in a record that is not ours.
    private static DeliveryOutcome WithoutTexts(DeliveryOutcome outcome)
    {
        var record = outcome.Record!;
        return outcome with
        {
            Record = record with
            {
                Error = record.Error is null ? null : NotStored,
                Attempt = record.Attempt is null
                    ? null
                    : record.Attempt with { ResponseBody = null, ResponseHeaders = null, Error = record.Attempt.Error is null ? null : NotStored },
            },
        };
    }

    private async Task ReturnAsync(IReadOnlyList<DeliveryOutcome> outcomes, List<DueDelivery> due, CancellationToken giveUp)
    {
        var maxAge = TimeSpan.FromSeconds(options.Value.MaxAgeSeconds);
        var claims = outcomes.Select(outcome => outcome.Return!).ToList();
        IReadOnlyDictionary<DeliveryKey, (DeliveryStatus Status, DateTimeOffset DueAt)> written;
        try
        {
            written = await PersistAsync(
                () => store.ReturnAsync(claims, maxAge, giveUp), () => store.ReturnAroundLockedAsync(claims, maxAge, giveUp), outcomes, giveUp);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await WriteApartAsync(
                outcomes, e, some => ReturnAsync(some, due, giveUp),
                outcome => outcome with { Return = outcome.Return! with { Error = outcome.Return.Error is null ? null : NotStored } });
            return;
        }

        foreach (var outcome in outcomes)
        {
            if (!written.TryGetValue(outcome.Delivery.Key, out var row))
            {
                if (!_locked.ContainsKey(outcome.Delivery.Key)) Lost(outcome);
            }
            else if (row.Status == DeliveryStatus.DeadLetter)
            {
                using var scope = logger.BeginScope(new DeliveryLogScope(outcome.Delivery));
                LogExpired(logger, outcome.Return!.WaitingFor);
                DograhTelemetry.DeadLettered.Add(1);
            }
            else
            {
                due.Add(new DueDelivery(outcome.Delivery.Key, row.DueAt));
                if (outcome.Return!.WaitingFor is { } reason) DograhTelemetry.Deferred.Add(1, new KeyValuePair<string, object?>("reason", reason));
            }
        }
    }

    private async Task<IReadOnlyDictionary<DeliveryKey, T>> PersistAsync<T>(
        Func<Task<IReadOnlyDictionary<DeliveryKey, T>>> write,
        Func<Task<(IReadOnlyDictionary<DeliveryKey, T> Written, IReadOnlySet<DeliveryKey> Locked)>> writeAroundLocked,
        IReadOnlyList<DeliveryOutcome> outcomes, CancellationToken giveUp)
    {
        var delay = FirstRetryDelay;
        var isLocked = false;
        while (true)
        {
            try
            {
                if (!isLocked) return await write();
                var (written, locked) = await writeAroundLocked();
                foreach (var outcome in outcomes.Where(outcome => locked.Contains(outcome.Delivery.Key))) _locked[outcome.Delivery.Key] = outcome;
                if (locked.Count > 0) LogLocked(logger, locked.Count, LockedDelay.TotalSeconds);
                return written;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable && !isLocked)
            {
                isLocked = true;
            }
            catch (Exception e) when (e is NpgsqlException or IOException or TimeoutException && !DatabaseFailure.IsOfTheData(e))
            {
                // By the plain way again: whatever was locked may be free by now.
                isLocked = false;
                LogNotRecorded(logger, outcomes.Count, e.GetType().Name, e.Message, delay.TotalMilliseconds);
                await Task.Delay(delay, time, giveUp);
                delay = delay * 2 < LongestRetryDelay ? delay * 2 : LongestRetryDelay;
            }
        }
    }

    private void Recorded(DeliveryOutcome outcome, DateTimeOffset dueAt, List<DueDelivery> due)
    {
        switch (outcome.Record!.Status)
        {
            case DeliveryStatus.Pending:
                due.Add(new DueDelivery(outcome.Delivery.Key, dueAt));
                DograhTelemetry.Retried.Add(1);
                break;
            case DeliveryStatus.Succeeded:
                DograhTelemetry.Succeeded.Add(1);
                DograhTelemetry.DeliveryLatency.Record((clock.Now - outcome.Delivery.CreatedAt).TotalSeconds);
                break;
            default:
                DograhTelemetry.DeadLettered.Add(1);
                break;
        }
    }

    private void Lost(DeliveryOutcome outcome)
    {
        using var scope = logger.BeginScope(new DeliveryLogScope(outcome.Delivery));
        LogLost(logger, outcome.Delivery.Token, outcome.Record?.Status.ToString() ?? "returned");
        DograhTelemetry.ClaimsLost.Add(1);
    }

    [LoggerMessage(1, LogLevel.Warning, "claim.lost: claim {Claim} no longer holds the delivery, so its outcome ({Outcome}) is not recorded.")]
    private static partial void LogLost(ILogger logger, long claim, string outcome);

    [LoggerMessage(2, LogLevel.Error, "{Count} outcomes cannot be recorded just now ({ErrorType}: {Error}); trying again in {DelayMs} ms.")]
    private static partial void LogNotRecorded(ILogger logger, int count, string errorType, [FailureText] string error, double delayMs);

    [LoggerMessage(3, LogLevel.Error, "What a receiver or a token endpoint said cannot be stored ({Reason}); recording the outcome without it.")]
    private static partial void LogStripped(ILogger logger, [FailureText] string reason);

    [LoggerMessage(4, LogLevel.Critical, "An outcome cannot be stored ({Reason}); the delivery will be sent again when its lease ends.")]
    private static partial void LogRefused(ILogger logger, [FailureText] string reason);

    [LoggerMessage(5, LogLevel.Warning, "delivery.expired: still waiting for {Reason} at the greatest age; dead letter.")]
    private static partial void LogExpired(ILogger logger, [FailureText] string? reason);

    [LoggerMessage(6, LogLevel.Error, "Stopping with {Count} outcomes unrecorded; their deliveries will be sent again when their leases end.")]
    private static partial void LogGivenUp(ILogger logger, int count);

    [LoggerMessage(7, LogLevel.Critical, "{Count} outcomes could not be recorded; their deliveries will be sent again when their leases end.")]
    private static partial void LogUnrecorded(ILogger logger, Exception exception, int count);

    [LoggerMessage(8, LogLevel.Warning, "{Count} outcomes are of deliveries that another session in PostgreSQL keeps locked; they are recorded later, the next try is in {Seconds} s.")]
    private static partial void LogLocked(ILogger logger, int count, double seconds);
}
