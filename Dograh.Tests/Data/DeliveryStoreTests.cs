using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Data;

public sealed class DeliveryStoreTests(TestServers servers) : DatabaseTest(servers)
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Paging_through_what_is_due_visits_each_once_oldest_first()
    {
        for (var n = 0; n < 7; n++)
        {
            // Three of each due time, so that pages end within a time.
            await Database.AddAsync(3, ADelivery().DueIn(TimeSpan.FromSeconds(-10 * (n + 1))));
        }

        await Database.ExecuteAsync("UPDATE webhook_deliveries SET scheduled_for = date_trunc('minute', scheduled_for)");

        var visited = new List<DueDelivery>();
        DueDelivery? last = null;
        while (await Database.Store.FindDueAsync(last, limit: 4, Token) is { Count: > 0 } page)
        {
            visited.AddRange(page);
            last = page[^1];
        }

        Assert.Equal(21, visited.Count);
        Assert.Equal(visited.OrderBy(due => due.DueAt).ThenBy(due => due.Key), visited);
        Assert.Equal((await Database.DeliveriesAsync()).Select(row => row.Id), visited.Select(due => due.Key.Id).Order());
    }

    [Fact]
    public async Task Only_pending_and_due_deliveries_are_found()
    {
        var due = await Database.AddAsync(ADelivery());
        await Database.AddAsync(ADelivery().DueIn(TimeSpan.FromMinutes(5)));
        await Database.AddAsync(ADelivery().In(DeliveryStatus.DeadLetter));
        await Database.AddAsync(ADelivery().In(DeliveryStatus.Succeeded));
        await Database.AddAsync(ADelivery().In(DeliveryStatus.Cancelled));
        var leased = await Database.AddAsync(ADelivery());
        await Database.Store.ClaimAsync([leased], "worker-a", TimeSpan.FromMinutes(1));

        var found = Assert.Single(await Database.Store.FindDueAsync(after: null, limit: 100, Token));

        Assert.Equal(new DueDelivery(due, (await Database.DeliveryAsync(due)).ScheduledFor), found);
    }

    [Fact]
    public async Task Due_times_are_told_of_pending_deliveries_only()
    {
        var later = await Database.AddAsync(ADelivery().DueIn(TimeSpan.FromHours(1)));
        var dead = await Database.AddAsync(ADelivery().In(DeliveryStatus.DeadLetter));
        var unknown = new DeliveryKey(later.OrganizationId, later.Id + 1000);

        var due = Assert.Single(await Database.Store.FindDueTimesAsync([unknown, dead, later], Token));

        Assert.Equal(new DueDelivery(later, (await Database.DeliveryAsync(later)).ScheduledFor), due);
    }

    [Fact]
    public async Task Of_two_sweeps_at_once_one_runs()
    {
        var inside = new TaskCompletionSource();
        var mayEnd = new TaskCompletionSource();
        var first = Database.Store.WithSweepLockAsync(
            async () =>
            {
                inside.SetResult();
                await mayEnd.Task.Soon();
            },
            Long, Token);
        await inside.Task.Soon();

        Assert.False(await Database.Store.WithSweepLockAsync(() => throw new InvalidOperationException("Ran beside the other."), Long, Token));
        mayEnd.SetResult();

        Assert.True(await first);
        Assert.True(await Database.Store.WithSweepLockAsync(() => Task.CompletedTask, Long, Token));
    }

    [Fact]
    public async Task A_sweep_that_fails_gives_its_lock_back()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => Database.Store.WithSweepLockAsync(() => throw new InvalidOperationException(), Long, Token));

        Assert.True(await Database.Store.WithSweepLockAsync(() => Task.CompletedTask, Long, Token));
    }

    /// <summary>A machine that is paused, or that the network has lost, keeps its connections, and with them its locks.</summary>
    [Fact]
    public async Task A_sweep_that_stands_still_keeps_the_others_from_sweeping_no_longer_than_it_may()
    {
        var mayEnd = new TaskCompletionSource();
        var inside = new TaskCompletionSource();
        var standing = Database.Store.WithSweepLockAsync(
            async () =>
            {
                inside.SetResult();
                await mayEnd.Task.Soon();
            },
            TimeSpan.FromMilliseconds(100), Token);
        await inside.Task.Soon();

        await Eventually.TrueAsync(() => Database.Store.WithSweepLockAsync(() => Task.CompletedTask, Long, Token));

        mayEnd.SetResult();
        // It has lost its connection, and may say so; it has not lost its way.
        _ = await Record.ExceptionAsync(() => standing);
        Assert.True(await Database.Store.WithSweepLockAsync(() => Task.CompletedTask, Long, Token));
    }

    [Fact]
    public async Task A_deadlock_is_tried_again_and_gets_through()
    {
        var keys = await Database.AddAsync(2, ADelivery());
        await using var rival = await Database.DataSource.OpenConnectionAsync(Token);
        await using var transaction = await rival.BeginTransactionAsync(Token);
        // The rival gives up last: whoever notices a deadlock is its victim, and that is to be the store.
        await LockAsync("SET LOCAL deadlock_timeout = '30s'");
        await LockAsync($"SELECT 1 FROM webhook_deliveries WHERE id = {keys[1].Id} FOR UPDATE");

        var claiming = Database.Store.ClaimAsync(keys, "worker-a", TimeSpan.FromMinutes(1));
        await Eventually.TrueAsync(async () =>
            await Database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE webhook_deliveries%')"));
        await LockAsync($"SELECT 1 FROM webhook_deliveries WHERE id = {keys[0].Id} FOR UPDATE");
        await transaction.CommitAsync(Token);

        Assert.Equal(keys, (await claiming.Soon()).Claimed.Select(delivery => delivery.Key));

        async Task LockAsync(string sql)
        {
            await using var command = new Npgsql.NpgsqlCommand(sql, rival, transaction);
            await command.ExecuteNonQueryAsync(Token);
        }
    }

    [Fact]
    public async Task The_databases_clock_goes_on_between_readings()
    {
        var clock = new DatabaseClock(Database.Store, TimeProvider.System);
        Assert.Throws<InvalidOperationException>(() => clock.Now);

        await clock.SynchronizeAsync(Token);
        var before = clock.Now;
        var databaseNow = await Database.Store.GetNowAsync(Token);
        var after = clock.Now;

        // Half a round trip either way is what the reading may be off.
        Assert.InRange(databaseNow, before.AddSeconds(-1), after.AddSeconds(1));
        Assert.True(after >= before);
    }

    /// <summary>A worker's first reading opens its connection and compiles its code: half of that would be the clock's error, and every delivery would wait for it.</summary>
    [Fact]
    public async Task The_databases_clock_is_read_by_the_shortest_way()
    {
        var clock = new DatabaseClock(Database.Store, new SlowOnce());

        await clock.SynchronizeAsync(Token);

        var before = await Database.Store.GetNowAsync(Token);
        var now = clock.Now;
        Assert.InRange(now, before.AddSeconds(-1), (await Database.Store.GetNowAsync(Token)).AddSeconds(1));
    }

    /// <summary>A clock by which the first thing that is timed takes a minute.</summary>
    private sealed class SlowOnce : TimeProvider
    {
        private int _looks;

        public override long GetTimestamp() => base.GetTimestamp() + (Interlocked.Increment(ref _looks) == 1 ? 0 : 60 * TimestampFrequency);
    }
}
