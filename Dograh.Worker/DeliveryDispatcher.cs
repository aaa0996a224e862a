using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Queue;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Telemetry;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace Dograh.Worker;

/// <summary>The worker's main loop: take due keys, claim them, start their attempts; and, when asked to stop, drain.</summary>
/// <remarks>
/// It claims no more than it has free slots. A slot is taken until the attempt is made, and no more outcomes than twice the slots may wait to be recorded: where
/// PostgreSQL is slow or away, the loop stops taking. With Redis away it reads due keys from PostgreSQL and claims them as ever (I6).
/// </remarks>
internal sealed partial class DeliveryDispatcher(
    DatabaseMigrator migrator, DatabaseClock clock, DeliveryStore store, DeliveryQueue queue, DeliverySecretsResolver secrets, DeliverySender sender,
    AttemptRunner attempts, OutcomeRecorder recorder, WorkerIdentity worker, IOptions<WebhookDeliveryOptions> options, TimeProvider time,
    ILogger<DeliveryDispatcher> logger)
    : BackgroundService
{
    private const int MaxBatch = 256;

    // What has become due just now is little, but for the first instant of a burst.
    private const int FreshBatch = 16;

    // A statement costs about as much as the rows of half a batch: a worker with work in hand lets a few more slots become free first.
    private static readonly TimeSpan GatheringTime = TimeSpan.FromMilliseconds(5);

    // Without Redis, workers pick at random from this many times as many of the oldest, so that they seldom want the same rows.
    private const int SampleFactor = 8;
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortOfRoom = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan FaultDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LockedDelay = TimeSpan.FromSeconds(5);
    private static readonly IReadOnlySet<DeliveryKey> NoKeys = new HashSet<DeliveryKey>();

    // Kept back of the grace period for recording what was cut off.
    private static readonly TimeSpan RecordingReserve = TimeSpan.FromSeconds(2);

    private readonly WakeSignal _wake = new(time);
    private readonly WakeSignal _roomy = new(time);
    private readonly TurnAwayPace _pace = new(time);
    private readonly CancellationTokenSource _abandon = new();
    private Action? _recorded;
    private int _held;
    private int _sending;
    private int _claiming;
    private volatile Func<bool>? _waitsWhile;
    private bool _redisIsAway;

    /// <summary>How many deliveries this worker holds: being attempted, or waiting to be recorded.</summary>
    public int Held => Volatile.Read(ref _held);

    // Twice as many may wait to be recorded: one batch is written, the next comes together, and receivers need not wait for either. Beyond that, PostgreSQL
    // sets the pace.
    private int Room => Math.Min(options.Value.Concurrency - Volatile.Read(ref _sending), (3 * options.Value.Concurrency) - Held) - Volatile.Read(ref _claiming);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var giveUp = new CancellationTokenSource();
        var recording = recorder.RunAsync(giveUp.Token);
        try
        {
            await migrator.WaitUntilCurrentAsync(stoppingToken);
            await SynchronizeClockAsync(stoppingToken);
            await queue.SubscribeAsync(_wake.Set, _wake.Set);
            LogStarted(logger, worker.Name, options.Value.Concurrency);
            await RunAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to stop before it had begun.
        }

        await DrainAsync(recording, giveUp);
    }

    /// <summary>One turn: takes, claims and starts what there is room for, or sleeps until there may be something.</summary>
    /// <returns>How many attempts it started.</returns>
    internal async Task<int> RunOnceAsync(CancellationToken stoppingToken) =>
        await TakeTurnAsync(stoppingToken) is { } turn ? await ClaimAsync(turn, stoppingToken) : 0;

    // While one batch is claimed the next is taken: with a backlog, PostgreSQL and the receivers need not wait for each other.
    private async Task RunAsync(CancellationToken stoppingToken)
    {
        Task ahead = Task.CompletedTask;
        while (!stoppingToken.IsCancellationRequested)
        {
            await RunGuardedAsync(async () =>
            {
                var turn = await TakeTurnAsync(stoppingToken);
                var before = ahead;
                ahead = turn is null ? Task.CompletedTask : ClaimAsync(turn, stoppingToken);
                await before;
                if (turn is { IsFull: true }) return;
                before = ahead;
                ahead = Task.CompletedTask;
                await before;
            }, stoppingToken);
        }

        await RunGuardedAsync(() => ahead, stoppingToken);
    }

    // Null if there was no room, or nothing to take: it has slept then.
    private async Task<Turn?> TakeTurnAsync(CancellationToken stoppingToken)
    {
        var room = Room;
        if (room < options.Value.Concurrency / 4) room = await GatherRoomAsync(stoppingToken);
        if (room <= 0)
        {
            await WaitForRoomAsync(1, ShortOfRoom, stoppingToken);
            if (Room <= 0) sender.GiveUpStoppedLines();
            return null;
        }

        var limit = _pace.Limit(Math.Min(room, MaxBatch));
        // Without Redis there is no telling what has become due just now.
        var pause = _redisIsAway ? TimeSpan.Zero : _pace.Wait;
        var taken = pause > TimeSpan.Zero ? await TakeFreshAsync(Math.Min(limit, FreshBatch)) : await TakeBacklogAsync(limit, stoppingToken);
        if (taken.Keys.Count == 0)
        {
            var sleep = SleepUntil(taken.NextDueAt);
            await _wake.WaitAsync(pause > TimeSpan.Zero && pause < sleep ? pause : sleep, stoppingToken);
            return null;
        }

        _pace.Taken(taken.Keys.Count);

        Interlocked.Add(ref _claiming, taken.Keys.Count);
        return new Turn(taken.Keys, IsFull: taken.Keys.Count == limit);
    }

    private async Task<int> ClaimAsync(Turn turn, CancellationToken stoppingToken)
    {
        try
        {
            var (claim, locked) = await ClaimAsync(turn.Keys);
            foreach (var delivery in claim.Poisoned)
            {
                using var scope = logger.BeginScope(new DeliveryLogScope(delivery));
                LogPoisoned(logger);
                DograhTelemetry.DeadLettered.Add(1);
            }

            await StartAsync(claim.Claimed, stoppingToken);
            await PutBackUnclaimedAsync(turn.Keys, claim, locked, stoppingToken);
            return claim.Claimed.Count;
        }
        finally
        {
            Interlocked.Add(ref _claiming, -turn.Keys.Count);
            WakeWhoWaits();
        }
    }

    // One row that somebody keeps locked must not hold up the others: then the batch is claimed around it.
    private async Task<(ClaimResult Claim, IReadOnlySet<DeliveryKey> Locked)> ClaimAsync(IReadOnlyList<DeliveryKey> keys)
    {
        var leaseMargin = TimeSpan.FromSeconds(options.Value.LeaseMarginSeconds);
        try
        {
            try
            {
                return (await store.ClaimAsync(keys, worker.Name, leaseMargin), NoKeys);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                var (claim, locked) = await store.ClaimAroundLockedAsync(keys, worker.Name, leaseMargin);
                if (locked.Count > 0) LogLocked(logger, locked.Count, LockedDelay.TotalSeconds);
                return (claim, locked);
            }
        }
        catch (Exception)
        {
            await TryPutBackAsync(keys);
            throw;
        }
    }

    // PostgreSQL is away, most likely: what was taken is due still, and need not wait for a sweep. What was claimed after all is refused the next time.
    private async Task TryPutBackAsync(IReadOnlyList<DeliveryKey> keys)
    {
        if (_redisIsAway) return;
        try
        {
            var now = clock.Now;
            await queue.PutBackAsync([.. keys.Select(key => new DueDelivery(key, now))]);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            // The sweep finds them.
        }
    }

    // Not for long: what holds the other slots may be hanging.
    private async Task<int> GatherRoomAsync(CancellationToken stoppingToken)
    {
        await WaitForRoomAsync(options.Value.Concurrency / 4, GatheringTime, stoppingToken);
        return Room;
    }

    private Task WaitForRoomAsync(int wanted, TimeSpan atMost, CancellationToken cancellationToken) =>
        WaitWhileAsync(() => Room < wanted, atMost, cancellationToken);

    // Looked at again after saying so: what became free in between woke nobody.
    private async Task WaitWhileAsync(Func<bool> full, TimeSpan atMost, CancellationToken cancellationToken)
    {
        _waitsWhile = full;
        Interlocked.MemoryBarrier();
        if (full()) await _roomy.WaitAsync(atMost, cancellationToken);
        _waitsWhile = null;
    }

    // After whatever makes room, or leaves less held.
    private void WakeWhoWaits()
    {
        if (_waitsWhile is { } full && !full()) _roomy.Set();
    }

    private async Task RunGuardedAsync(Func<Task> turn, CancellationToken stoppingToken)
    {
        try
        {
            await turn();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
        catch (Exception e)
        {
            // Whatever it is, the loop goes on: a worker that gave up at 3 a.m. would be worse than one that tries again.
            LogFault(logger, e.GetType().Name, e.Message, e is NpgsqlException or RedisException ? null : e);
            await _wake.WaitAsync(FaultDelay, stoppingToken);
        }
    }

    private async Task<TakenKeys> TakeBacklogAsync(int limit, CancellationToken cancellationToken)
    {
        try
        {
            _pace.BacklogTaken();
            var taken = await queue.TakeAsync(limit, clock.Now);
            if (_redisIsAway) LogRedisBack(logger);
            _redisIsAway = false;
            return taken;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            if (!_redisIsAway) LogRedisAway(logger, e.GetType().Name, e.Message);
            _redisIsAway = true;
            var oldest = (await store.FindDueAsync(after: null, limit * SampleFactor, cancellationToken)).ToArray();
            Random.Shared.Shuffle(oldest);
            return new TakenKeys(oldest.Take(limit).Select(due => due.Key).ToList(), NextDueAt: null);
        }
    }

    private async Task<TakenKeys> TakeFreshAsync(int limit)
    {
        try
        {
            return await queue.TakeFreshAsync(limit, clock.Now);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            // The next turn, which comes soon, meets it and says so.
            return new TakenKeys([], NextDueAt: null);
        }
    }

    private async Task StartAsync(IReadOnlyList<ClaimedDelivery> all, CancellationToken cancellationToken)
    {
        var claimed = TurnAway(all);
        if (claimed.Count == 0) return;
        IReadOnlyList<DeliverySecrets> resolved;
        try
        {
            resolved = await secrets.ResolveAsync(claimed, cancellationToken);
        }
        catch (Exception e)
        {
            // Held claims must be given back whatever happens; without its credential, or unsigned, nothing may be sent.
            LogSecretsUnread(logger, e.GetType().Name, e.Message);
            foreach (var delivery in claimed)
            {
                Interlocked.Increment(ref _held);
                HandOver(new DeliveryOutcome(
                    delivery, Record: null, new ReturnedClaim(delivery.Key, delivery.Token, FaultDelay.TotalSeconds, WaitingFor: null)));
            }

            return;
        }

        for (var i = 0; i < claimed.Count; i++) Hold(claimed[i], resolved[i], isAlone: claimed.Count == 1);
    }

    // What an open circuit would turn away needs no secrets to be read.
    private List<ClaimedDelivery> TurnAway(IReadOnlyList<ClaimedDelivery> claimed)
    {
        var open = new List<ClaimedDelivery>(claimed.Count);
        foreach (var delivery in claimed)
        {
            if (sender.IsShut(delivery) is not { } deferred)
            {
                open.Add(delivery);
                continue;
            }

            Interlocked.Increment(ref _held);
            HandOver(attempts.TurnAway(delivery, deferred));
        }

        return open;
    }

    // Starts the attempt on the pool and keeps its slot until it is made.
    private void Hold(ClaimedDelivery delivery, DeliverySecrets with, bool isAlone)
    {
        Interlocked.Increment(ref _held);
        Interlocked.Increment(ref _sending);
        // A single one is begun here: to wake another thread for it would take longer.
        if (isAlone)
        {
            _ = AttemptAsync(delivery, with);
            return;
        }

        ThreadPool.UnsafeQueueUserWorkItem(
            static state => _ = state.Self.AttemptAsync(state.Delivery, state.With), (Self: this, Delivery: delivery, With: with),
            preferLocal: false);
    }

    private async Task AttemptAsync(ClaimedDelivery delivery, DeliverySecrets with)
    {
        try
        {
            HandOver(await attempts.RunAsync(delivery, with, _abandon.Token));
        }
        catch (Exception e)
        {
            using var scope = logger.BeginScope(new DeliveryLogScope(delivery));
            LogAttemptFault(logger, e);
            Recorded();
        }
        finally
        {
            Interlocked.Decrement(ref _sending);
            WakeWhoWaits();
        }
    }

    private void HandOver(DeliveryOutcome outcome)
    {
        if (outcome.Return is not null) _pace.TurnedAway();
        outcome.WhenRecorded = _recorded ??= Recorded;
        recorder.Add(outcome);
    }

    private void Recorded()
    {
        Interlocked.Decrement(ref _held);
        WakeWhoWaits();
    }

    // A key that could not be claimed was somebody else's, or finished, or came early: its hint is put back where the row still wants one.
    private async Task PutBackUnclaimedAsync(
        IReadOnlyList<DeliveryKey> keys, ClaimResult claim, IReadOnlySet<DeliveryKey> locked, CancellationToken cancellationToken)
    {
        if (_redisIsAway || claim.Claimed.Count + claim.Poisoned.Count == keys.Count) return;
        var unclaimed = keys.Except(claim.Claimed.Concat(claim.Poisoned).Select(delivery => delivery.Key)).Except(locked).ToList();
        // A locked row says nothing of when it will be free.
        var later = clock.Now + LockedDelay;
        IReadOnlyList<DueDelivery> due = unclaimed.Count == 0 ? [] : await store.FindDueTimesAsync(unclaimed, cancellationToken);
        if (due.Count + locked.Count > 0) await queue.PutBackAsync([.. due, .. locked.Select(key => new DueDelivery(key, later))]);
    }

    private TimeSpan SleepUntil(DateTimeOffset? dueAt)
    {
        if (dueAt is not { } due) return LongestSleep;
        var left = due - clock.Now;
        return left < LongestSleep ? left : LongestSleep;
    }

    private async Task SynchronizeClockAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await clock.SynchronizeAsync(cancellationToken);
                return;
            }
            catch (NpgsqlException e)
            {
                LogFault(logger, e.GetType().Name, e.Message, exception: null);
                await Task.Delay(FaultDelay, time, cancellationToken);
            }
        }
    }

    // I11: what is being sent may end, what is cut off is released, all is recorded, and the grace period is kept.
    private async Task DrainAsync(Task recording, CancellationTokenSource giveUp)
    {
        var grace = TimeSpan.FromSeconds(options.Value.ShutdownGraceSeconds);
        var sending = grace > RecordingReserve * 2 ? grace - RecordingReserve : grace / 2;
        var started = time.GetTimestamp();
        sender.StopBeginning();
        LogDraining(logger, Held, sending.TotalSeconds);
        while (Held > 0 && time.GetElapsedTime(started) is var elapsed && elapsed < sending)
        {
            await WaitWhileAsync(() => Held > 0, sending - elapsed, CancellationToken.None);
        }

        if (Held > 0) LogCutOff(logger, Held);
        await _abandon.CancelAsync();
        while (Held > 0 && time.GetElapsedTime(started) is var elapsed && elapsed < grace)
        {
            await WaitWhileAsync(() => Held > 0, grace - elapsed, CancellationToken.None);
        }

        recorder.Complete();
        if (Held > 0) await giveUp.CancelAsync();
        await recording;
        LogStopped(logger, Held);
    }

    public override void Dispose()
    {
        _abandon.Dispose();
        base.Dispose();
    }

    /// <summary>Keys that are about to be claimed.</summary>
    /// <param name="Keys">The keys.</param>
    /// <param name="IsFull">Whether there was room for no more: there may be more to take.</param>
    private sealed record Turn(IReadOnlyList<DeliveryKey> Keys, bool IsFull);

    [LoggerMessage(1, LogLevel.Information, "Worker {Worker} takes deliveries, up to {Concurrency} at a time.")]
    private static partial void LogStarted(ILogger logger, string worker, int concurrency);

    [LoggerMessage(2, LogLevel.Error, "The dispatch loop met {ErrorType}: {Error}; going on in a second.")]
    private static partial void LogFault(ILogger logger, string errorType, [FailureText] string error, Exception? exception);

    [LoggerMessage(3, LogLevel.Warning, "Redis is away ({ErrorType}: {Error}); taking due deliveries from PostgreSQL.")]
    private static partial void LogRedisAway(ILogger logger, string errorType, [FailureText] string error);

    [LoggerMessage(4, LogLevel.Information, "Redis is back; taking due deliveries from the queue.")]
    private static partial void LogRedisBack(ILogger logger);

    [LoggerMessage(5, LogLevel.Error, "The delivery is poison: too many of its claims ended without a word; dead letter.")]
    private static partial void LogPoisoned(ILogger logger);

    [LoggerMessage(6, LogLevel.Error, "Credentials and signing secrets cannot be read just now ({ErrorType}: {Error}); the claims are released.")]
    private static partial void LogSecretsUnread(ILogger logger, string errorType, [FailureText] string error);

    [LoggerMessage(7, LogLevel.Critical, "The attempt ended without an outcome; its lease will end.")]
    private static partial void LogAttemptFault(ILogger logger, Exception exception);

    [LoggerMessage(8, LogLevel.Information, "Stopping: {Held} deliveries may finish within {Seconds} s.")]
    private static partial void LogDraining(ILogger logger, int held, double seconds);

    [LoggerMessage(9, LogLevel.Warning, "The grace period is over: {Held} attempts are cut off and their claims released.")]
    private static partial void LogCutOff(ILogger logger, int held);

    [LoggerMessage(10, LogLevel.Information, "Stopped; {Held} deliveries are left to their leases.")]
    private static partial void LogStopped(ILogger logger, int held);

    [LoggerMessage(11, LogLevel.Warning, "{Count} due deliveries are kept locked by another session in PostgreSQL; they are tried again in {Seconds} s.")]
    private static partial void LogLocked(ILogger logger, int count, double seconds);
}
