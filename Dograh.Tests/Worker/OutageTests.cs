using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Worker;

/// <summary>Redis, PostgreSQL or workers go away; deliveries reach their end all the same (I6).</summary>
public sealed class OutageTests(TestServers servers) : WorkerTest(servers)
{
    [Fact]
    public async Task Without_Redis_from_the_start_deliveries_are_retried_and_delivered()
    {
        Receiver.Answers(request => Reply.Status(request.Header("X-Dograh-Delivery-Attempt") == "1" ? 503 : 200));
        await Database.AddAsync(10, ADelivery().To(Receiver.Url));
        var worker = await StartWorkerAsync(Database, TestWorker.NoRedis);

        await UntilAllAsync(DeliveryStatus.Succeeded);

        Assert.Equal(20, Receiver.Requests.Count);
        Assert.True(worker.Log.Has("Redis is away"));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task When_Redis_is_killed_midway_deliveries_go_on_and_the_queue_is_used_again_once_it_is_back()
    {
        await using var redis = await Servers.StartRedisAsync();
        var worker = await StartWorkerAsync(Database, redis.ConnectionString);
        await UntilAsync(await Database.AddAsync(ADelivery().To(Receiver.Url)), DeliveryStatus.Succeeded);

        redis.Kill();
        await redis.Exited.Soon();
        await UntilAsync(await Database.AddAsync(ADelivery().To(Receiver.Url)), DeliveryStatus.Succeeded);
        await Eventually.TrueAsync(() => worker.Log.Has("Redis is away"));

        await redis.RestartAsync(Token);
        await Eventually.TrueAsync(() => worker.Log.Has("Redis is back"));
        await UntilAsync(await Database.AddAsync(ADelivery().To(Receiver.Url)), DeliveryStatus.Succeeded);

        Assert.Equal(3, Receiver.Requests.Count);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task When_Redis_forgets_everything_midway_the_sweep_finds_every_delivery()
    {
        Receiver.Answers(request => Reply.Status(request.Header("X-Dograh-Delivery-Attempt") == "1" ? 503 : 200));
        var keys = await Database.AddAsync(20, ADelivery().To(Receiver.Url).WithBackoff(0.5, 0.5));
        await ScheduleAsync(keys);
        await StartWorkerAsync();
        await Receiver.RequestsAsync(5);

        await Redis.FlushAsync();
        await UntilAllAsync(DeliveryStatus.Succeeded);

        Assert.Equal(40, Receiver.Requests.Count);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_success_that_cannot_be_recorded_while_PostgreSQL_is_away_is_recorded_when_it_is_back()
    {
        await using var server = await Servers.StartPostgresAsync();
        await using var database = new TestDatabase(server.ConnectionString);
        await TestServers.MigrateAsync(database.DataSource, Token);
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        var key = await database.AddAsync(ADelivery().To(Receiver.Url));
        var worker = await StartWorkerAsync(database, Redis.ConnectionString);
        await Receiver.RequestsAsync(1);

        await server.StopAsync();
        gate.SetResult();
        await Eventually.TrueAsync(() => worker.Log.Has("outcomes cannot be recorded just now"));
        await server.RestartAsync(Token);
        database.DataSource.Clear();

        await Eventually.TrueAsync(async () => (await database.DeliveryAsync(key)).Status == DeliveryStatus.Succeeded);
        Assert.Single(Receiver.Requests);
        Assert.Single(await database.AttemptsAsync(key));
        // It has not lost its way either: what comes now is delivered.
        var next = await database.AddAsync(ADelivery().To(Receiver.Url));
        await Eventually.TrueAsync(async () => (await database.DeliveryAsync(next)).Status == DeliveryStatus.Succeeded);
        await worker.StopAsync();
    }

    [Fact]
    public async Task When_PostgreSQL_is_killed_midway_every_delivery_is_delivered_once_it_is_back()
    {
        await using var server = await Servers.StartPostgresAsync();
        await using var database = new TestDatabase(server.ConnectionString);
        await TestServers.MigrateAsync(database.DataSource, Token);
        Receiver.Answers(request => Reply.Status(request.Header("X-Dograh-Delivery-Attempt") == "1" ? 503 : 200));
        await database.AddAsync(20, ADelivery().To(Receiver.Url).WithTimeout(2).WithBackoff(0.3, 0.3));
        var worker = await StartWorkerAsync(database, Redis.ConnectionString, ("WebhookDelivery:LeaseMarginSeconds", 1));
        await Receiver.RequestsAsync(5);

        server.Kill();
        await server.Exited.Soon();
        await server.RestartAsync(Token);
        database.DataSource.Clear();

        await Eventually.TrueAsync(async () => (await database.DeliveriesAsync()).All(row => row.Status == DeliveryStatus.Succeeded));
        await database.AssertConservedAsync();
        await worker.StopAsync();
    }

    [Fact]
    public async Task A_worker_that_starts_before_the_database_is_migrated_waits_for_it()
    {
        await using var database = await Servers.CreateEmptyDatabaseAsync();
        var worker = await StartWorkerAsync(database, Redis.ConnectionString);
        await Eventually.TrueAsync(() => worker.Log.Has("The database is not migrated yet"));

        await TestServers.MigrateAsync(database.DataSource, Token);
        var key = await database.AddAsync(ADelivery().To(Receiver.Url));

        await Eventually.TrueAsync(async () => (await database.DeliveryAsync(key)).Status == DeliveryStatus.Succeeded);
        await worker.StopAsync();
    }

    [Fact]
    public async Task A_worker_that_starts_before_PostgreSQL_waits_for_it()
    {
        await using var server = await Servers.StartPostgresAsync();
        await using var database = new TestDatabase(server.ConnectionString);
        await TestServers.MigrateAsync(database.DataSource, Token);
        var key = await database.AddAsync(ADelivery().To(Receiver.Url));
        await server.StopAsync();
        var worker = await StartWorkerAsync(database, Redis.ConnectionString);
        await Eventually.TrueAsync(() => worker.Log.Has("PostgreSQL cannot be reached"));

        await server.RestartAsync(Token);
        database.DataSource.Clear();

        await Eventually.TrueAsync(async () => (await database.DeliveryAsync(key)).Status == DeliveryStatus.Succeeded);
        await worker.StopAsync();
    }

    [Fact]
    public async Task A_fault_in_the_loop_does_not_end_it()
    {
        await using var database = await Servers.CreateEmptyDatabaseAsync();
        await TestServers.MigrateAsync(database.DataSource, Token);
        var worker = await StartWorkerAsync(database, TestWorker.NoRedis);
        await Eventually.TrueAsync(() => worker.Log.Has("takes deliveries"));

        await database.ExecuteAsync("ALTER TABLE webhook_deliveries RENAME TO out_of_reach");
        await Eventually.TrueAsync(() => worker.Log.Has("The dispatch loop met"));
        await database.ExecuteAsync("ALTER TABLE out_of_reach RENAME TO webhook_deliveries");
        var key = await database.AddAsync(ADelivery().To(Receiver.Url));

        await Eventually.TrueAsync(async () => (await database.DeliveryAsync(key)).Status == DeliveryStatus.Succeeded);
        await worker.StopAsync();
    }
}
