using System.Diagnostics;
using Dograh.Tests.Api;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Npgsql;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Chaos;

/// <summary>Faults of a whole PostgreSQL, which the test has to itself.</summary>
public sealed class PostgresServerFaultTests(TestServers servers) : WorkerTest(servers)
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_primary_that_turns_read_only_is_503_at_once_and_outcomes_wait_until_it_can_be_written_to()
    {
        await using var server = await Servers.StartPostgresAsync();
        await using var database = new TestDatabase(server.ConnectionString);
        await using var operatorsDatabase = new TestDatabase($"{server.ConnectionString};Options=-c default_transaction_read_only=off");
        await TestServers.MigrateAsync(database.DataSource, Token);
        await using var api = await ApiHost.StartAsync(database, Redis.ConnectionString);
        var acme = await api.NewOrganizationAsync();
        var path = $"workflows/{await acme.AddWorkflowAsync(Webhook())}/completed-runs";
        (await acme.PostAsync(path, "{}", "call-4711")).Is(202);
        await database.ExecuteAsync("DELETE FROM webhook_deliveries");
        var (key, worker, gate) = await SendAsync(database);

        await SetReadOnlyAsync(operatorsDatabase, "SET default_transaction_read_only = on");
        await Eventually.TrueAsync(() => IsReadOnlyAsync(database));
        // PostgreSQL tells its backends one by one: when one knows, a connection made anew comes after all have been told.
        Assert.True(await IsReadOnlyAsync(database));
        gate.SetResult();
        await Eventually.TrueAsync(() => worker.Log.Has("outcomes cannot be recorded just now (PostgresException: 25006"));
        foreach (var idempotencyKey in (string?[])[null, "call-4712"]) await IsUnavailableAsync(acme, path, idempotencyKey);
        // What can be read is read.
        (await acme.GetAsync("deliveries")).Is(200);
        Assert.Equal(DeliveryStatus.Pending, (await database.DeliveryAsync(key)).Status);

        await SetReadOnlyAsync(operatorsDatabase, "RESET default_transaction_read_only");
        await Eventually.TrueAsync(async () => (await database.DeliveryAsync(key)).Status == DeliveryStatus.Succeeded);
        Assert.Single(Receiver.Requests);
        (await acme.PostAsync(path, "{}", "call-4712")).Is(202);
    }

    [Fact]
    public async Task With_the_disk_full_of_PostgreSQLs_log_it_is_503_at_once_and_what_was_acknowledged_or_received_is_recorded_when_there_is_room()
    {
        await using var disk = await FullDisk.StartAsync(Servers);
        await using var database = new TestDatabase(disk.Server.ConnectionString);
        await TestServers.MigrateAsync(database.DataSource, Token);
        await using var api = await ApiHost.StartAsync(database, Redis.ConnectionString);
        var acme = await api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());
        var path = $"workflows/{workflow}/completed-runs";
        var acknowledged = (await acme.PostAsync(path, "{}", "call-4711")).Is(202).Text("deliveries/0/delivery_id");
        await database.ExecuteAsync("UPDATE webhook_deliveries SET status = 'cancelled'");
        var (key, worker, gate) = await SendAsync(database);

        await disk.FillAsync();
        gate.SetResult();
        await Eventually.TrueAsync(() => worker.Log.Has("outcomes cannot be recorded just now"));
        await IsUnavailableAsync(acme, path, "call-4712");
        await IsUnavailableAsync(acme, path, idempotencyKey: null);

        await disk.MakeRoomAsync();
        database.DataSource.Clear();
        await Eventually.TrueAsync(async () => (await database.DeliveryAsync(key)).Status == DeliveryStatus.Succeeded);
        Assert.Single(Receiver.Requests);
        Assert.Equal(acknowledged, (await acme.PostAsync(path, "{}", "call-4711")).Is(202).Text("deliveries/0/delivery_id"));
        await Eventually.TrueAsync(async () => (await acme.PostAsync(path, "{}", "call-4712")).Status == 202);
        Assert.Equal(3, (await database.DeliveriesAsync()).Count);
        await worker.StopAsync();
    }

    // A delivery that the receiver has and will answer 200.
    private async Task<(DeliveryKey Key, TestWorker Worker, TaskCompletionSource Gate)> SendAsync(TestDatabase database)
    {
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        var key = await database.AddAsync(ADelivery().To(Receiver.Url));
        var worker = await StartWorkerAsync(database, Redis.ConnectionString);
        await Receiver.RequestsAsync(1);
        return (key, worker, gate);
    }

    private static async Task IsUnavailableAsync(ApiOrganization acme, string path, string? idempotencyKey)
    {
        var watch = Stopwatch.StartNew();
        var answer = await acme.PostAsync(path, "{}", idempotencyKey);
        Assert.True(watch.Elapsed < AtOnce, $"{watch.Elapsed}");
        answer.IsProblem(503);
        Assert.NotNull(answer.Header("Retry-After"));
    }

    private static async Task SetReadOnlyAsync(TestDatabase database, string change)
    {
        await database.ExecuteAsync($"ALTER SYSTEM {change}");
        await database.ExecuteAsync("SELECT pg_reload_conf()");
    }

    // As a connection made just now sees it.
    private static async Task<bool> IsReadOnlyAsync(TestDatabase database)
    {
        await using var anew = NpgsqlDataSource.Create($"{database.ConnectionString};Pooling=false");
        await using var command = anew.CreateCommand("SELECT current_setting('default_transaction_read_only')::boolean");
        return (bool)(await command.ExecuteScalarAsync(Token))!;
    }
}
