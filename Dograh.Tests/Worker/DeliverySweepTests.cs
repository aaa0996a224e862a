using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Queue;
using StackExchange.Redis;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Worker;

public sealed class DeliverySweepTests(TestServers servers) : WorkerTest(servers)
{
    [Fact]
    public async Task It_puts_due_deliveries_that_are_missing_into_the_queue_and_says_how_many()
    {
        var worker = await ComposeWorkerAsync();
        var keys = await Database.AddAsync(5, ADelivery());
        await ScheduleAsync(keys[0], keys[1]);

        Assert.Equal(3, await worker.Sweep.RunOnceAsync(Token));
        Assert.Equal(0, await worker.Sweep.RunOnceAsync(Token));

        Assert.Equal(5, await Queue.CountAsync());
        Assert.True(worker.Log.Has("sweep.rescheduled: 3 due deliveries"));
    }

    [Fact]
    public async Task It_leaves_alone_what_is_not_due_or_has_ended_or_is_leased()
    {
        var worker = await ComposeWorkerAsync();
        await Database.AddAsync(ADelivery().DueIn(TimeSpan.FromMinutes(1)));
        await Database.AddAsync(ADelivery().In(DeliveryStatus.DeadLetter));
        await Database.Store.ClaimAsync([await Database.AddAsync(ADelivery())], "worker-a", TimeSpan.FromMinutes(1));

        Assert.Equal(0, await worker.Sweep.RunOnceAsync(Token));
        Assert.Equal(0, await Queue.CountAsync());
    }

    [Fact]
    public async Task It_goes_through_more_than_a_page()
    {
        var worker = await ComposeWorkerAsync();
        await AddManyAsync(2300);

        Assert.Equal(2300, await worker.Sweep.RunOnceAsync(Token));
        Assert.Equal(2300, await Queue.CountAsync());
    }

    [Fact]
    public async Task It_lists_what_is_in_no_list_and_touches_nothing_else()
    {
        await using var worker = TestWorker.Compose(Database, TestWorker.NoRedis);
        await worker.Get<DatabaseClock>().SynchronizeAsync(Token);
        await AddManyAsync(2300);
        var before = (await Database.DeliveriesAsync()).Select(row => row.UpdatedAt).ToList();
        await Database.ExecuteAsync("DELETE FROM webhook_delivery_listings");
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET is_listed = false");

        await worker.Sweep.RunOnceAsync(Token);
        await worker.Sweep.RunOnceAsync(Token);

        Assert.Equal(2300, await Database.ScalarAsync<long>("SELECT count(*) FROM webhook_delivery_listings"));
        Assert.Equal(before, (await Database.DeliveriesAsync()).Select(row => row.UpdatedAt));
        Assert.True(worker.Log.Has("sweep.listed: 2300 deliveries"));
    }

    [Fact]
    public async Task It_stops_early_where_the_queue_holds_more_than_the_workers_can_take_before_the_next_sweep()
    {
        var worker = await ComposeWorkerAsync(("WebhookDelivery:Concurrency", 1));
        await AddManyAsync(2300);

        Assert.Equal(1000, await worker.Sweep.RunOnceAsync(Token));
        Assert.Equal(0, await worker.Sweep.RunOnceAsync(Token));
    }

    [Fact]
    public async Task What_the_queue_holds_for_later_does_not_keep_it_from_what_is_missing()
    {
        var worker = await ComposeWorkerAsync(("WebhookDelivery:Concurrency", 1));
        var key = await Database.AddAsync(ADelivery());
        var later = TimeProvider.System.GetUtcNow().AddHours(1);
        await Queue.ScheduleAsync([.. Enumerable.Range(1, 1000).Select(n => new DueDelivery(new DeliveryKey(key.OrganizationId, key.Id + n), later))]);

        Assert.Equal(1, await worker.Sweep.RunOnceAsync(Token));

        Assert.Equal([key], (await Queue.TakeAsync(10, worker.Get<DatabaseClock>().Now)).Keys);
    }

    [Fact]
    public async Task While_another_worker_sweeps_it_does_nothing()
    {
        var worker = await ComposeWorkerAsync();
        await Database.AddAsync(ADelivery());

        await Database.Store.WithSweepLockAsync(async () => Assert.Equal(0, await worker.Sweep.RunOnceAsync(Token)), TimeSpan.FromMinutes(1), Token);

        Assert.Equal(1, await worker.Sweep.RunOnceAsync(Token));
    }

    [Fact]
    public async Task Without_Redis_it_has_nothing_to_do()
    {
        await using var worker = TestWorker.Compose(Database, TestWorker.NoRedis);
        await Database.AddAsync(ADelivery());

        Assert.Equal(0, await worker.Sweep.RunOnceAsync(Token));
    }

    [Fact]
    public async Task It_forgets_idempotency_keys_that_are_older_than_a_day()
    {
        var worker = await ComposeWorkerAsync();
        await AddIdempotencyKeysAsync();

        await worker.Sweep.RunOnceAsync(Token);

        Assert.Equal(23, await Database.ScalarAsync<long>("SELECT count(*) FROM idempotency_keys"));
    }

    [Fact]
    public async Task It_forgets_them_although_Redis_takes_nothing_in()
    {
        var worker = await ComposeWorkerAsync();
        await AddIdempotencyKeysAsync();
        await Database.AddAsync(ADelivery());
        await Redis.Connection.GetDatabase().StringSetAsync(QueueKeys.Deliveries(0), "not a sorted set");

        await Assert.ThrowsAnyAsync<RedisException>(() => worker.Sweep.RunOnceAsync(Token));

        Assert.Equal(23, await Database.ScalarAsync<long>("SELECT count(*) FROM idempotency_keys"));
    }

    private async Task AddIdempotencyKeysAsync()
    {
        var organization = await Database.AddOrganizationAsync();
        await Database.ExecuteAsync(
            """
            INSERT INTO idempotency_keys (organization_id, path, key, request_hash, status_code, response_body, created_at)
            SELECT $1, '/p', n::text, '\x00', 201, '{}', now() - n * interval '1 hour' FROM generate_series(1, 30) n
            """,
            organization);
    }

    private async Task AddManyAsync(int count)
    {
        var key = await Database.AddAsync(ADelivery());
        await Database.ExecuteAsync(
            """
            INSERT INTO webhook_deliveries
                   (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, endpoint_url, endpoint_host, http_method,
                    payload, custom_headers, status, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds)
            SELECT organization_id, gen_random_uuid(), workflow_run_id, workflow_id, 'node-' || n, webhook_name, endpoint_url, endpoint_host, http_method,
                   payload, custom_headers, status, 5, 5, 1, 1, 10
            FROM webhook_deliveries, generate_series(2, $1) n WHERE id = $2
            """,
            count, key.Id);
        await Database.ListDeliveriesAsync();
    }
}
