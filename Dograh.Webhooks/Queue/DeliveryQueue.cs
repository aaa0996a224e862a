using System.Runtime.InteropServices;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Redaction;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Dograh.Webhooks.Queue;

/// <summary>The fast, forgetful scheduler: sorted sets of delivery keys by due time. Losing all of it costs latency, never a delivery.</summary>
/// <remarks>
/// Plain commands only (no Lua, no streams), so that Redis, Valkey, Azure Managed Redis and Garnet all serve. A key is in its set at most
/// once: that is the deduplication. Every method but <see cref="TryScheduleAsync"/> throws <see cref="RedisException"/> or
/// <see cref="RedisTimeoutException"/> where Redis is away.
/// </remarks>
public sealed partial class DeliveryQueue(IConnectionMultiplexer redis, IOptions<WebhookDeliveryOptions> options, ILogger<DeliveryQueue> logger)
{
    // ZADD of many members in one command; longer batches are cut so that one command never holds Redis for long.
    private const int MaxMembersPerCommand = 1000;

    // From so many on a take is the work of a backlog.
    private const int FullTake = 32;

    // How much of the old end is looked at before keys are taken from it.
    private const int Peek = 8;

    // How much of a backlog's young end is looked at, and how often, for those who would wait behind somebody else's burst.
    private const int LookBack = 2048;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    // A key comes into the queue a little after it is due: its run had to be committed first.
    private static readonly TimeSpan FreshFor = TimeSpan.FromMilliseconds(250);

    // This process's idea of the database's time may be a little behind, and what is due in so many milliseconds is worth a short sleep.
    private const int SoonMilliseconds = 20;

    private const int None = -1;

    // No delivery's member.
    private const string NoMember = "?";

    private volatile bool _wasFull;
    private bool _leftDue;
    private DateTimeOffset _lastLook;
    private DateTimeOffset _lastTake;
    private bool _leftSome;

    // The shards that nothing was left in when they were last looked at.
    private readonly bool[] _isEmpty = new bool[options.Value.QueueShards];

    // A shard whose set took nothing in when it was last asked to: out of memory, or a replica. What it does not have nobody would take from it.
    private volatile int _refusing = None;
    private readonly int _shards = options.Value.QueueShards;

    /// <summary>Whether Redis can be reached right now.</summary>
    public bool IsConnected => redis.IsConnected;

    private IDatabase Database => redis.GetDatabase();

    /// <summary>Puts deliveries in, and wakes the workers; a failure is logged and left to the sweep.</summary>
    /// <returns>False if it failed.</returns>
    public async Task<bool> TryScheduleAsync(IReadOnlyCollection<DueDelivery> deliveries)
    {
        if (deliveries.Count == 0) return true;
        try
        {
            await ScheduleAsync(deliveries);
            return true;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            LogNotScheduled(logger, deliveries.Count, e.GetType().Name, e.Message);
            return false;
        }
    }

    /// <summary>Puts deliveries in: an earlier due time wins, a later one never postpones. Then wakes the workers.</summary>
    public async Task ScheduleAsync(IReadOnlyCollection<DueDelivery> deliveries)
    {
        // One after the other: sent in one write, Garnet has been seen to lose the second.
        await AddAsync(deliveries, SortedSetWhen.LessThan);
        await WakeAsync();
    }

    /// <summary>Puts deliveries back with a due time now known better, and wakes nobody.</summary>
    public Task PutBackAsync(IReadOnlyCollection<DueDelivery> deliveries) => AddAsync(deliveries, SortedSetWhen.LessThan);

    /// <summary>Wakes every worker that sleeps.</summary>
    public Task WakeAsync() => Database.PublishAsync(QueueKeys.Wake, RedisValue.EmptyString);

    /// <summary>Puts in those that are not there: the sweep's way. Wakes nobody.</summary>
    /// <returns>How many were not there.</returns>
    public Task<long> AddMissingAsync(IReadOnlyCollection<DueDelivery> deliveries) => AddAsync(deliveries, SortedSetWhen.NotExists);

    /// <summary>Takes up to so many keys that are due; throws as long as Redis takes nothing in, for then what is due is not there to be taken.</summary>
    /// <param name="limit">The most to take.</param>
    /// <param name="now">The database's time.</param>
    /// <returns>The keys taken, and when the next one is due. A crash after this loses the hints only: the sweep finds the rows.</returns>
    public async Task<TakenKeys> TakeAsync(int limit, DateTimeOffset now)
    {
        now = RoundUp(now);
        if (_refusing is not None and var refusing)
        {
            // Changes nothing, for there is no such member; but is refused as anything is that would.
            await Database.SortedSetAddAsync(QueueKeys.Deliveries(refusing), NoMember, 0, SortedSetWhen.Exists);
            _refusing = None;
        }

        var keys = new List<DeliveryKey>();
        DateTimeOffset? nextDueAt = null;
        var first = FirstShard();
        var looks = _leftDue && (_leftSome || (now - _lastLook).Duration() > LookEvery);
        if (looks) (_lastLook, _leftSome) = (now, false);
        var leftDue = false;
        for (var i = 0; i < _shards; i++)
        {
            var shard = (first + i) % _shards;
            // After a full take there is most likely more that is due, and no need to ask.
            var isBacklog = _wasFull && keys.Count == 0;
            if (looks) await TakeOvertakenAsync(QueueKeys.Deliveries(shard), limit - (limit / 4), now.ToUnixTimeMilliseconds(), keys);
            var shardNext = isBacklog
                ? (await PopAsync(shard, limit - keys.Count, limit, now.ToUnixTimeMilliseconds(), keys)).NextDueAt
                : await TakeFromAsync(shard, limit, now.ToUnixTimeMilliseconds(), keys);
            if (shardNext is { } next && (nextDueAt is null || next < nextDueAt)) nextDueAt = next;
            leftDue |= shardNext <= now || _wasFull;
        }

        _leftDue = leftDue;
        _lastTake = now;

        return new TakenKeys(keys, nextDueAt);
    }

    /// <summary>Takes up to so many of the keys that have become due since keys were last taken, the youngest first, and leaves all that was due before.</summary>
    /// <param name="limit">The most to take.</param>
    /// <param name="now">The database's time.</param>
    /// <returns>The keys taken, and when the next one is due, should that be soon.</returns>
    public async Task<TakenKeys> TakeFreshAsync(int limit, DateTimeOffset now)
    {
        now = RoundUp(now);
        var keys = new List<DeliveryKey>();
        DateTimeOffset? nextDueAt = null;
        var (since, until) = ((_lastTake - FreshFor).ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds());
        var first = FirstShard();
        for (var i = 0; i < _shards && keys.Count < limit; i++)
        {
            var set = QueueKeys.Deliveries((first + i) % _shards);
            var youngest = await Database.SortedSetRangeByScoreWithScoresAsync(
                set, since, until + SoonMilliseconds, order: Order.Descending, take: limit - keys.Count);
            var early = Array.FindLastIndex(youngest, entry => entry.Score > until);
            if (early >= 0 && DueAt(youngest[early]) is var soon && (nextDueAt is null || soon < nextDueAt)) nextDueAt = soon;
            var due = Array.ConvertAll(youngest[(early + 1)..], entry => entry.Element);
            if (due.Length == 0) continue;
            // What another worker takes in the same moment, one of the two will not be able to claim.
            await Database.SortedSetRemoveAsync(set, due);
            foreach (var member in due)
            {
                if (QueueKeys.TryParseMember(member, out var key)) keys.Add(key);
                else LogForeignMember(logger, set.ToString());
            }
        }

        _lastTake = now;
        return new TakenKeys(keys, nextDueAt);
    }

    /// <summary>How many keys the queue holds.</summary>
    public async Task<long> CountAsync()
    {
        var total = 0L;
        for (var shard = 0; shard < _shards; shard++) total += await Database.SortedSetLengthAsync(QueueKeys.Deliveries(shard));
        return total;
    }

    /// <summary>How many keys the queue holds that are due.</summary>
    /// <param name="now">The database's time.</param>
    public async Task<long> CountDueAsync(DateTimeOffset now)
    {
        var total = 0L;
        for (var shard = 0; shard < _shards; shard++)
        {
            total += await Database.SortedSetLengthAsync(QueueKeys.Deliveries(shard), double.NegativeInfinity, RoundUp(now).ToUnixTimeMilliseconds());
        }

        return total;
    }

    /// <summary>Calls back whenever a scheduler wakes the workers, and when the connection to Redis is back.</summary>
    public async Task SubscribeAsync(Action onWake, Action onRestored)
    {
        redis.ConnectionRestored += (_, _) => onRestored();
        // Subscribed even while Redis is away: the client subscribes once it is there.
        await redis.GetSubscriber().SubscribeAsync(QueueKeys.Wake, (_, _) => onWake(), CommandFlags.FireAndForget);
    }

    // Any, so that no shard is always served last.
    private int FirstShard() => _shards == 1 ? 0 : Random.Shared.Next(_shards);

    // Peeks first, but into a set that was empty, so that an idle look costs one command and pops little that is not due. ZPOPMIN then gives each key to one
    // worker only; what is not due yet goes straight back.
    private async Task<DateTimeOffset?> TakeFromAsync(int shard, int limit, long nowMilliseconds, List<DeliveryKey> keys)
    {
        var set = QueueKeys.Deliveries(shard);
        if (_isEmpty[shard] && keys.Count < limit)
        {
            // What is in an empty set now has just come, and is most likely due: it is taken without a look, which is a question less to wait for.
            var count = Math.Min(FullTake, limit - keys.Count);
            // Unless it turns out so: should this fail, it is looked at first the next time.
            _isEmpty[shard] = false;
            var (early, popped) = await PopAsync(shard, count, due: 0, nowMilliseconds, keys);
            // What was popped and is no key of ours counts as well: there may be more behind it.
            _isEmpty[shard] = early is null && popped < count;
            return early ?? (popped < count ? null : DateTimeOffset.FromUnixTimeMilliseconds(nowMilliseconds));
        }

        var head = await Database.SortedSetRangeByRankWithScoresAsync(set, 0, Peek - 1);
        _isEmpty[shard] = head.Length == 0;
        if (head.Length == 0) return null;
        if (head[0].Score > nowMilliseconds) return DueAt(head[0]);
        if (keys.Count >= limit) return DueAt(head[0]);

        // Where traffic is thin, all that is due has been seen, and is taken without another question.
        var due = (long)head.Count(entry => !(entry.Score > nowMilliseconds));
        if (due == Peek) due = Math.Max(due, await Database.SortedSetLengthAsync(set, double.NegativeInfinity, nowMilliseconds));
        var (next, _) = await PopAsync(shard, Math.Min(due, limit - keys.Count), due, nowMilliseconds, keys);
        return next ?? (due < head.Length ? DueAt(head[due]) : null);
    }

    // The oldest come first, so one organization's burst would hold up everybody who comes after it. Of those that few of the youngest belong to, some go
    // before: a single delivery waits for the next look, and not for fifty thousand others. Costs Redis and the worker half a millisecond a look.
    private async Task TakeOvertakenAsync(RedisKey set, int limit, long nowMilliseconds, List<DeliveryKey> keys)
    {
        var youngest = await Database.SortedSetRangeByScoreAsync(
            set, double.NegativeInfinity, nowMilliseconds, order: Order.Descending, take: LookBack);
        var looked = new List<DeliveryKey>(youngest.Length);
        var counts = new Dictionary<long, int>();
        foreach (var member in youngest)
        {
            if (!QueueKeys.TryParseMember(member, out var key)) continue;
            looked.Add(key);
            CollectionsMarshal.GetValueRefOrAddDefault(counts, key.OrganizationId, out _)++;
        }

        // Of one organization's backlog, which is most of them, nobody is.
        if (counts.Values.All(count => count >= youngest.Length / 4)) return;
        var overtaken = looked.Where(key => counts[key.OrganizationId] < youngest.Length / 4).GroupBy(key => key.OrganizationId, (_, own) => own.ToList()).ToList();
        var room = Math.Max(0, limit - keys.Count);
        var share = Math.Max(1, room / overtaken.Count);
        // Of each the oldest; of more organizations than there is room for, any: the next look, which then comes at once, finds the others.
        var taken = overtaken.Shuffle().SelectMany(own => own.TakeLast(share)).Take(room).ToList();
        if (taken.Count == 0) return;
        _leftSome |= taken.Count < overtaken.Sum(own => own.Count);
        // What another worker takes in the same moment, one of the two will not be able to claim.
        await Database.SortedSetRemoveAsync(set, [.. taken.Select(key => QueueKeys.Member(key))]);
        keys.AddRange(taken);
    }

    // Takes so many off the old end, and tells when the next one is due and how many there were.
    private async Task<(DateTimeOffset? NextDueAt, int Popped)> PopAsync(int shard, long count, long due, long nowMilliseconds, List<DeliveryKey> keys)
    {
        var set = QueueKeys.Deliveries(shard);
        var popped = await Database.SortedSetPopAsync(set, count, Order.Ascending);
        _wasFull = popped.Length == count && count >= FullTake;
        List<SortedSetEntry>? early = null;
        foreach (var entry in popped)
        {
            if (entry.Score > nowMilliseconds) (early ??= []).Add(entry);
            else if (QueueKeys.TryParseMember(entry.Element, out var key)) keys.Add(key);
            else LogForeignMember(logger, set.ToString());
        }

        if (early is not null)
        {
            _wasFull = false;
            try
            {
                await Database.SortedSetAddAsync(set, [.. early], SortedSetWhen.LessThan);
            }
            catch (RedisException)
            {
                // It gives and does not take: the next look says so. What is due was taken all the same, and the sweep finds the rest.
                _refusing = shard;
            }

            return (DueAt(early[0]), popped.Length);
        }

        // There may be more that is due; the caller looks again as soon as it has room.
        return (due > popped.Length ? DateTimeOffset.FromUnixTimeMilliseconds(nowMilliseconds) : null, popped.Length);
    }

    private async Task<long> AddAsync(IReadOnlyCollection<DueDelivery> deliveries, SortedSetWhen when)
    {
        var added = 0L;
        foreach (var shard in deliveries.GroupBy(delivery => QueueKeys.ShardOf(delivery.Key.OrganizationId, _shards)))
        {
            foreach (var chunk in shard.Chunk(MaxMembersPerCommand))
            {
                var entries = Array.ConvertAll(chunk, delivery => new SortedSetEntry(QueueKeys.Member(delivery.Key), Score(delivery.DueAt)));
                try
                {
                    added += await Database.SortedSetAddAsync(QueueKeys.Deliveries(shard.Key), entries, when);
                }
                catch (RedisException)
                {
                    _refusing = shard.Key;
                    throw;
                }
            }
        }

        return added;
    }

    private static double Score(DateTimeOffset dueAt) => RoundUp(dueAt).ToUnixTimeMilliseconds();

    // A key must not look due a millisecond before its row is, and so is due at the end of the one in which its row is. It is taken as soon as that has begun: most are due
    // since they were stored, and would wait for the rest of it. The few that are not yet are refused by the claim, and put back.
    private static DateTimeOffset RoundUp(DateTimeOffset time) =>
        time.Ticks % TimeSpan.TicksPerMillisecond is var over and > 0 ? time.AddTicks(TimeSpan.TicksPerMillisecond - over) : time;

    // A member that is not ours may carry any score at all.
    private static DateTimeOffset DueAt(SortedSetEntry entry) => double.IsNaN(entry.Score)
        ? DateTimeOffset.MinValue
        : DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Clamp(entry.Score, -62_135_596_800_000, 253_402_300_799_000));

    [LoggerMessage(1, LogLevel.Warning, "{Count} deliveries could not be put into the queue ({ErrorType}: {Error}); the sweep will find them.")]
    private static partial void LogNotScheduled(ILogger logger, int count, string errorType, [FailureText] string error);

    [LoggerMessage(2, LogLevel.Warning, "A member of {Set} is not a delivery's key; it was removed.")]
    private static partial void LogForeignMember(ILogger logger, string set);
}

/// <summary>What the queue gave.</summary>
/// <param name="Keys">The keys that are due.</param>
/// <param name="NextDueAt">When the next one is; null if none is known.</param>
public sealed record TakenKeys(IReadOnlyList<DeliveryKey> Keys, DateTimeOffset? NextDueAt);
