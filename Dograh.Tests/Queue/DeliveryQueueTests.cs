using Dograh.Standalone;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Queue;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Dograh.Tests.Queue;

/// <summary>What the queue asks of a server of the Redis protocol; each server has a class below.</summary>
public abstract class DeliveryQueueTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 6, 12, 0, 0, TimeSpan.Zero);

    private readonly TestLog _log = new();
    private TestRedis _redis = null!;

    /// <summary>Lends a logical database of the server.</summary>
    protected abstract Task<TestRedis> RentAsync();

    /// <summary>Starts a server of the test's own.</summary>
    protected abstract Task<RedisCompatibleServer> StartServerAsync();

    public async ValueTask InitializeAsync() => _redis = await RentAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task What_is_scheduled_can_be_taken_once_it_is_due()
    {
        var queue = NewQueue();
        await queue.ScheduleAsync([Due(1, 11, Noon)]);

        Assert.Empty((await queue.TakeAsync(10, Noon.AddMilliseconds(-1))).Keys);
        Assert.Equal([Key(1, 11)], (await queue.TakeAsync(10, Noon)).Keys);
        Assert.Empty((await queue.TakeAsync(10, Noon)).Keys);
    }

    [Fact]
    public async Task A_single_delivery_overtakes_the_burst_of_another_organization()
    {
        var queue = NewQueue();
        await queue.AddMissingAsync(Enumerable.Range(0, 12_000).Select(n => Due(1, n, Noon.AddMilliseconds(n / 100))).ToList());
        await queue.AddMissingAsync([Due(2, 77, Noon.AddSeconds(1)), Due(3, 78, Noon.AddSeconds(1)), Due(4, 79, Noon.AddHours(1))]);
        var now = Noon.AddSeconds(2);

        var taken = new List<DeliveryKey>();
        // The first take shows that there is a backlog; those after it look who is behind.
        for (var n = 0; n < 3; n++) taken.AddRange((await queue.TakeAsync(64, now.AddMilliseconds(400 * n))).Keys);

        Assert.Contains(Key(2, 77), taken);
        Assert.Contains(Key(3, 78), taken);
        Assert.DoesNotContain(Key(4, 79), taken);
        Assert.Equal(3 * 64, taken.Distinct().Count());
        Assert.Equal(12_003 - (3 * 64), await queue.CountAsync());
    }

    [Fact]
    public async Task What_has_become_due_since_the_last_take_can_be_taken_alone()
    {
        var queue = NewQueue();
        await queue.AddMissingAsync(Enumerable.Range(0, 500).Select(n => Due(1, n, Noon)).ToList());
        await queue.TakeAsync(64, Noon.AddSeconds(1));
        await queue.AddMissingAsync([Due(1, 777, Noon.AddSeconds(1.1)), Due(2, 778, Noon.AddSeconds(1.2)), Due(1, 779, Noon.AddSeconds(1.31)), Due(1, 780, Noon.AddSeconds(9))]);

        var fresh = await queue.TakeFreshAsync(10, Noon.AddSeconds(1.3));

        Assert.Equal([Key(2, 778), Key(1, 777)], fresh.Keys);
        Assert.Equal(Noon.AddSeconds(1.31), fresh.NextDueAt);
        Assert.Empty((await queue.TakeFreshAsync(10, Noon.AddSeconds(1.3))).Keys);
        Assert.Equal([Key(1, 779)], (await queue.TakeFreshAsync(10, Noon.AddSeconds(1.31))).Keys);
        Assert.Null((await queue.TakeFreshAsync(10, Noon.AddSeconds(2))).NextDueAt);
        Assert.Equal(500 - 64 + 1, await queue.CountAsync());
    }

    [Fact]
    public async Task Of_what_has_become_due_just_now_no_more_is_taken_than_asked_for_of_all_shards_and_garbage_is_removed()
    {
        var queue = NewQueue(shards: 4);
        await queue.AddMissingAsync(Enumerable.Range(1, 20).Select(n => Due(n, n, Noon.AddMilliseconds(n))).ToList());
        await queue.TakeAsync(1, Noon.AddMilliseconds(1));
        await _redis.Connection.GetDatabase().SortedSetAddAsync(QueueKeys.Deliveries(0), "garbage", Noon.AddMilliseconds(100).ToUnixTimeMilliseconds());

        Assert.InRange((await queue.TakeFreshAsync(4, Noon.AddMilliseconds(100))).Keys.Count, 3, 4);
        while ((await queue.TakeFreshAsync(4, Noon.AddMilliseconds(100))).Keys.Count > 0) { }

        Assert.Equal(0, await queue.CountAsync());
    }

    [Fact]
    public async Task However_many_organizations_are_behind_a_burst_all_are_taken_and_none_twice()
    {
        var queue = NewQueue();
        await queue.AddMissingAsync(Enumerable.Range(0, 3_000).Select(n => Due(1, n, Noon)).ToList());
        await queue.AddMissingAsync(Enumerable.Range(0, 200).SelectMany(n => new[] { Due(2 + n, 1, Noon.AddSeconds(1)), Due(2 + n, 2, Noon.AddSeconds(1)) }).ToList());

        var taken = new List<DeliveryKey>();
        IReadOnlyList<DeliveryKey> some;
        var now = Noon.AddSeconds(2);
        while ((some = (await queue.TakeAsync(64, now)).Keys).Count > 0)
        {
            Assert.InRange(some.Count, 1, 64);
            taken.AddRange(some);
            now = now.AddMilliseconds(100);
        }

        Assert.Equal(3_400, taken.Count);
        Assert.Equal(3_400, taken.Distinct().Count());
    }

    [Fact]
    public async Task An_earlier_due_time_wins()
    {
        var queue = NewQueue();
        await queue.ScheduleAsync([Due(1, 11, Noon)]);
        await queue.ScheduleAsync([Due(1, 11, Noon.AddMinutes(-1))]);

        Assert.Equal([Key(1, 11)], (await queue.TakeAsync(10, Noon.AddMinutes(-1))).Keys);
    }

    [Fact]
    public async Task A_later_due_time_never_postpones()
    {
        var queue = NewQueue();
        await queue.ScheduleAsync([Due(1, 11, Noon)]);
        await queue.ScheduleAsync([Due(1, 11, Noon.AddMinutes(1))]);
        await queue.PutBackAsync([Due(1, 11, Noon.AddMinutes(2))]);

        Assert.Equal([Key(1, 11)], (await queue.TakeAsync(10, Noon)).Keys);
    }

    [Fact]
    public async Task A_delivery_is_in_the_queue_at_most_once()
    {
        var queue = NewQueue();
        await Task.WhenAll(Enumerable.Range(0, 10).Select(n => queue.ScheduleAsync([Due(1, 11, Noon.AddSeconds(n)), Due(2, 11, Noon)])));

        Assert.Equal(2, await queue.CountAsync());
        Assert.Equal([Key(1, 11), Key(2, 11)], (await queue.TakeAsync(10, Noon)).Keys.Order());
    }

    [Fact]
    public async Task A_due_time_within_a_millisecond_is_rounded_up_so_that_no_key_comes_before_its_row_is_due()
    {
        var queue = NewQueue();
        await queue.ScheduleAsync([Due(1, 11, Noon.AddTicks(1))]);

        Assert.Empty((await queue.TakeAsync(10, Noon)).Keys);
        Assert.Equal(Noon.AddMilliseconds(1), (await queue.TakeAsync(10, Noon)).NextDueAt);
    }

    [Fact]
    public async Task What_comes_due_within_a_millisecond_is_taken_as_soon_as_that_has_begun()
    {
        var queue = NewQueue();
        await queue.ScheduleAsync([Due(1, 11, Noon.AddTicks(3)), Due(1, 12, Noon.AddTicks(TimeSpan.TicksPerMillisecond + 1))]);

        Assert.Equal([Key(1, 11)], (await queue.TakeAsync(10, Noon.AddTicks(5))).Keys);
        await queue.ScheduleAsync([Due(1, 11, Noon.AddTicks(3))]);
        Assert.Equal([Key(1, 11)], (await queue.TakeFreshAsync(10, Noon.AddTicks(5))).Keys);
    }

    [Fact]
    public async Task Of_what_comes_into_an_empty_queue_all_that_is_due_is_taken_and_nothing_else()
    {
        var queue = NewQueue(shards: 2);
        var due = Enumerable.Range(1, 20).Select(n => Due(n % 5, n, Noon.AddSeconds(-n))).ToList();
        Assert.Empty((await queue.TakeAsync(100, Noon)).Keys);
        await queue.AddMissingAsync([.. due, Due(1, 31, Noon.AddSeconds(1)), Due(2, 32, Noon.AddSeconds(2))]);

        var taken = new List<DeliveryKey>();
        while (await queue.TakeAsync(7, Noon) is { Keys.Count: > 0 and <= 7 } turn) taken.AddRange(turn.Keys);

        Assert.Equal(due.Select(delivery => delivery.Key).Order(), taken.Order());
        Assert.Equal(Noon.AddSeconds(1), (await queue.TakeAsync(100, Noon)).NextDueAt);
        Assert.Equal([Key(1, 31), Key(2, 32)], (await queue.TakeAsync(100, Noon.AddSeconds(2))).Keys.Order());
    }

    [Fact]
    public async Task What_comes_into_an_empty_queue_and_is_not_due_yet_stays_there()
    {
        var queue = NewQueue();
        Assert.Empty((await queue.TakeAsync(100, Noon)).Keys);
        await queue.AddMissingAsync([Due(1, 11, Noon), Due(1, 12, Noon.AddSeconds(2)), Due(1, 13, Noon.AddSeconds(1))]);

        var taken = await queue.TakeAsync(100, Noon);

        Assert.Equal([Key(1, 11)], taken.Keys);
        Assert.Equal(Noon.AddSeconds(1), taken.NextDueAt);
        Assert.Equal(2, await queue.CountAsync());
        Assert.Equal([Key(1, 13), Key(1, 12)], (await queue.TakeAsync(100, Noon.AddSeconds(2))).Keys);
    }

    [Fact]
    public async Task What_comes_into_an_empty_queue_behind_much_garbage_is_due_at_once()
    {
        var queue = NewQueue();
        Assert.Empty((await queue.TakeAsync(100, Noon)).Keys);
        var garbage = Enumerable.Range(0, 32).Select(n => new SortedSetEntry($"garbage {n}", 0)).ToArray();
        await _redis.Connection.GetDatabase().SortedSetAddAsync(QueueKeys.Deliveries(0), garbage);
        await queue.AddMissingAsync([Due(1, 11, Noon)]);

        Assert.Equal(Noon, (await queue.TakeAsync(100, Noon)).NextDueAt);
        Assert.Equal([Key(1, 11)], (await queue.TakeAsync(100, Noon)).Keys);
    }

    [Fact]
    public async Task No_more_are_taken_than_asked_for_and_the_oldest_first()
    {
        var queue = NewQueue();
        await queue.ScheduleAsync([.. Enumerable.Range(1, 10).Select(n => Due(1, n, Noon.AddSeconds(-n)))]);

        var first = await queue.TakeAsync(4, Noon);

        Assert.Equal([Key(1, 10), Key(1, 9), Key(1, 8), Key(1, 7)], first.Keys);
        Assert.Equal(Noon, first.NextDueAt);
        Assert.Equal(6, (await queue.TakeAsync(100, Noon)).Keys.Count);
    }

    [Fact]
    public async Task The_next_due_time_is_that_of_the_first_that_is_not_due()
    {
        var queue = NewQueue();
        Assert.Null((await queue.TakeAsync(10, Noon)).NextDueAt);

        await queue.ScheduleAsync([Due(1, 11, Noon.AddSeconds(9)), Due(1, 12, Noon.AddSeconds(5))]);

        Assert.Equal(Noon.AddSeconds(5), (await queue.TakeAsync(10, Noon)).NextDueAt);
        Assert.Equal(2, await queue.CountAsync());
    }

    [Fact]
    public async Task Takers_at_once_share_what_is_due_and_lose_nothing()
    {
        await NewQueue().ScheduleAsync([.. Enumerable.Range(1, 200).Select(n => Due(1, n, Noon)), Due(1, 999, Noon.AddHours(1))]);

        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var queue = NewQueue();
            var keys = new List<DeliveryKey>();
            while ((await queue.TakeAsync(7, Noon)).Keys is { Count: > 0 } some) keys.AddRange(some);
            return keys;
        }));

        Assert.Equal(Enumerable.Range(1, 200).Select(n => Key(1, n)), taken.SelectMany(keys => keys).Order());
        // Popped by a taker that came late, it was put back as it was.
        Assert.Equal(Noon.AddHours(1), (await NewQueue().TakeAsync(10, Noon)).NextDueAt);
        Assert.Equal(1, await NewQueue().CountAsync());
    }

    [Fact]
    public async Task Behind_garbage_that_came_into_an_empty_queue_a_taker_with_little_room_looks_on_at_once()
    {
        var queue = NewQueue();
        Assert.Empty((await queue.TakeAsync(2, Noon)).Keys);
        for (var n = 0; n < 2; n++) await _redis.Database.SortedSetAddAsync(QueueKeys.Deliveries(0), $"nonsense {n}", 0);
        await queue.ScheduleAsync([Due(1, 11, Noon)]);

        var first = await queue.TakeAsync(2, Noon);

        Assert.Empty(first.Keys);
        Assert.True(first.NextDueAt <= Noon, $"{first.NextDueAt}");
        Assert.Equal([Key(1, 11)], (await queue.TakeAsync(2, Noon)).Keys);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("1:")]
    [InlineData(":1")]
    [InlineData("1:2:3")]
    [InlineData("-1:2")]
    [InlineData("1: 2")]
    [InlineData("1:99999999999999999999")]
    public async Task A_member_that_is_no_delivery_is_removed_and_ignored(string garbage)
    {
        var queue = NewQueue();
        await _redis.Database.SortedSetAddAsync(QueueKeys.Deliveries(0), garbage, 0);
        await queue.ScheduleAsync([Due(1, 11, Noon)]);

        Assert.Equal([Key(1, 11)], (await queue.TakeAsync(10, Noon)).Keys);
        Assert.Equal(0, await queue.CountAsync());
        Assert.True(_log.Has("is not a delivery's key"));
    }

    [Theory]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(1e300)]
    [InlineData(-1e300)]
    public async Task A_score_that_is_no_time_harms_nothing(double score)
    {
        var queue = NewQueue();
        await _redis.Database.SortedSetAddAsync(QueueKeys.Deliveries(0), "garbage", score);
        await queue.ScheduleAsync([Due(1, 11, Noon)]);

        Assert.Equal([Key(1, 11)], (await queue.TakeAsync(10, Noon)).Keys);
        Assert.Empty((await queue.TakeAsync(10, Noon)).Keys);
    }

    [Fact]
    public async Task Adding_what_is_missing_changes_nothing_that_is_there()
    {
        var queue = NewQueue();
        await queue.ScheduleAsync([Due(1, 11, Noon)]);

        Assert.Equal(1, await queue.AddMissingAsync([Due(1, 11, Noon.AddHours(-1)), Due(1, 12, Noon.AddSeconds(1))]));

        Assert.Empty((await queue.TakeAsync(10, Noon.AddMilliseconds(-1))).Keys);
        Assert.Equal([Key(1, 11), Key(1, 12)], (await queue.TakeAsync(10, Noon.AddSeconds(1))).Keys.Order());
    }

    [Fact]
    public async Task More_than_a_command_holds_is_added_whole()
    {
        var queue = NewQueue();

        Assert.Equal(2500, await queue.AddMissingAsync([.. Enumerable.Range(1, 2500).Select(n => Due(1, n, Noon))]));

        Assert.Equal(2500, await queue.CountAsync());
        Assert.Equal(2500, (await queue.TakeAsync(5000, Noon)).Keys.Distinct().Count());
    }

    [Fact]
    public async Task Scheduling_wakes_whoever_sleeps()
    {
        var woken = new TaskCompletionSource();
        await using var sleeper = QueueServices.Connect(_redis.ConnectionString);
        await NewQueue(connection: sleeper).SubscribeAsync(() => woken.TrySetResult(), () => { });
        await SubscribedAsync(sleeper);

        await NewQueue().ScheduleAsync([Due(1, 11, Noon)]);

        await woken.Task.Soon();
    }

    [Fact]
    public async Task Every_shard_is_served_and_an_organization_is_in_one()
    {
        var queue = NewQueue(shards: 3);
        await queue.ScheduleAsync([.. Enumerable.Range(1, 9).SelectMany(organization => new[] { Due(organization, 1, Noon), Due(organization, 2, Noon) })]);
        foreach (var shard in Enumerable.Range(0, 3)) Assert.Equal(6, await _redis.Database.SortedSetLengthAsync(QueueKeys.Deliveries(shard)));

        Assert.Equal(18, await queue.CountAsync());
        Assert.Equal(18, (await queue.TakeAsync(100, Noon)).Keys.Distinct().Count());
    }

    [Fact]
    public async Task A_limit_holds_over_all_shards_and_what_is_left_is_due_at_once()
    {
        var queue = NewQueue(shards: 4);
        await queue.ScheduleAsync([.. Enumerable.Range(1, 8).Select(organization => Due(organization, 1, Noon))]);

        var keys = new List<DeliveryKey>();
        while (true)
        {
            var taken = await queue.TakeAsync(3, Noon);
            Assert.InRange(taken.Keys.Count, 0, 3);
            if (taken.Keys.Count == 0) break;
            keys.AddRange(taken.Keys);
            if (keys.Count < 8) Assert.True(taken.NextDueAt <= Noon, $"{taken.NextDueAt} with {keys.Count} of 8 taken");
        }

        Assert.Equal(8, keys.Distinct().Count());
    }

    [Fact]
    public async Task The_earliest_next_due_time_of_all_shards_is_told()
    {
        var queue = NewQueue(shards: 4);
        await queue.ScheduleAsync([Due(1, 1, Noon.AddSeconds(3)), Due(2, 1, Noon.AddSeconds(2)), Due(3, 1, Noon.AddSeconds(4))]);

        Assert.Equal(Noon.AddSeconds(2), (await queue.TakeAsync(10, Noon)).NextDueAt);
    }

    [Fact]
    public async Task What_a_flush_has_lost_can_be_added_again()
    {
        var queue = NewQueue();
        await queue.ScheduleAsync([Due(1, 11, Noon)]);
        await _redis.FlushAsync();
        Assert.Equal(0, await queue.CountAsync());

        Assert.Equal(1, await queue.AddMissingAsync([Due(1, 11, Noon)]));
        Assert.Equal([Key(1, 11)], (await queue.TakeAsync(10, Noon)).Keys);
    }

    [Fact]
    public async Task Scheduling_nothing_asks_nothing_of_Redis()
    {
        await using var nowhere = QueueServices.Connect(TestWorker.NoRedis);

        Assert.True(await NewQueue(connection: nowhere).TryScheduleAsync([]));
    }

    [Fact]
    public async Task Failing_to_schedule_is_logged_and_left_to_the_sweep()
    {
        await using var nowhere = QueueServices.Connect(TestWorker.NoRedis);
        var queue = NewQueue(connection: nowhere);

        Assert.False(queue.IsConnected);
        Assert.False(await queue.TryScheduleAsync([Due(1, 11, Noon), Due(1, 12, Noon)]));
        var entry = Assert.Single(_log.Entries);
        Assert.StartsWith("2 deliveries could not be put into the queue (RedisConnectionException: ", entry.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_holds_another_type_under_our_key_fails_scheduling_quietly()
    {
        await _redis.Database.StringSetAsync(QueueKeys.Deliveries(0), "not a sorted set");

        Assert.False(await NewQueue().TryScheduleAsync([Due(1, 11, Noon)]));
    }

    [Fact]
    public async Task A_server_that_was_killed_fails_at_once_and_serves_again_when_it_is_back()
    {
        await using var server = await StartServerAsync();
        await using var connection = QueueServices.Connect(server.ConnectionString);
        var queue = NewQueue(connection: connection);
        var restored = new TaskCompletionSource();
        var woken = new TaskCompletionSource();
        await queue.SubscribeAsync(() => woken.TrySetResult(), () => restored.TrySetResult());
        await queue.ScheduleAsync([Due(1, 11, Noon)]);

        server.Kill();
        await server.Exited.Soon();
        Assert.False(await queue.TryScheduleAsync([Due(1, 12, Noon)]).Soon());
        await Eventually.TrueAsync(() => !queue.IsConnected);
        await Assert.ThrowsAnyAsync<RedisException>(() => queue.TakeAsync(10, Noon));

        await server.RestartAsync(TestContext.Current.CancellationToken);
        await restored.Task.Soon();
        await Eventually.TrueAsync(() => queue.TryScheduleAsync([Due(1, 13, Noon)]));
        // Its memory is gone with it: only what came after is there, and the subscription is back too.
        Assert.Equal([Key(1, 13)], (await queue.TakeAsync(10, Noon)).Keys);
        await SubscribedAsync(connection);
        woken = new TaskCompletionSource();
        await queue.WakeAsync();
        await woken.Task.Soon();
    }

    private static DeliveryKey Key(long organizationId, long id) => new(organizationId, id);

    private static DueDelivery Due(long organizationId, long id, DateTimeOffset at) => new(Key(organizationId, id), at);

    // Its SUBSCRIBE was sent and nobody waited for the answer: what is asked after it on the same connection is answered after it.
    private static async Task SubscribedAsync(IConnectionMultiplexer connection)
    {
        await Eventually.TrueAsync(() => connection.GetSubscriber().IsConnected(QueueKeys.Wake));
        await connection.GetSubscriber().PingAsync();
    }

    private DeliveryQueue NewQueue(int shards = 1, IConnectionMultiplexer? connection = null) =>
        new(connection ?? _redis.Connection, Options.Create(new WebhookDeliveryOptions { QueueShards = shards }), _log.For<DeliveryQueue>());
}

/// <summary>The queue on an installed Redis (or Valkey).</summary>
public sealed class RedisDeliveryQueueTests(TestServers servers) : DeliveryQueueTests
{
    protected override Task<TestRedis> RentAsync() => servers.RentRedisAsync();

    protected override async Task<RedisCompatibleServer> StartServerAsync() => await servers.StartRedisAsync();
}

/// <summary>The queue on Garnet.</summary>
public sealed class GarnetDeliveryQueueTests(TestServers servers) : DeliveryQueueTests
{
    protected override Task<TestRedis> RentAsync() => servers.RentGarnetAsync();

    protected override async Task<RedisCompatibleServer> StartServerAsync() => await servers.StartGarnetAsync();
}
