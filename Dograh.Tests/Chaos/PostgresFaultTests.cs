using System.Diagnostics;
using Dograh.Chaos.Network;
using Dograh.Tests.Api;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Chaos;

/// <summary>PostgreSQL misbehaves. The API answers 503 and takes each run in once; a worker holds what it must record and records it.</summary>
/// <remarks>
/// Killed, restarted, away: <c>Worker/OutageTests</c>, <c>Api/HealthTests</c>, <c>Scenarios/StartOrderTests</c>. A real deadlock of two batches:
/// <c>Data/DeliveryStoreTests</c>, <c>Data/RecordAttemptsTests</c>.
/// </remarks>
public sealed class PostgresFaultTests(TestServers servers) : WorkerTest(servers)
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(3);

    // What PostgreSQL may say of itself: deadlock, serialization failure, statement_timeout, lock_timeout, read-only, disk full, out of memory,
    // too many connections, an I/O error.
    private static readonly string[] Troubles = ["40P01", "40001", "57014", "55P03", "25006", "53100", "53200", "53300", "58030"];

    [Theory]
    [InlineData(Instants.Intake, TrapAction.CutMidway)]
    [InlineData(Instants.Intake, TrapAction.HoldAnswer)]
    [InlineData(Instants.Commit, TrapAction.CutMidway)]
    [InlineData(Instants.Commit, TrapAction.HoldAnswer)]
    internal async Task A_connection_that_is_cut_under_a_request_is_503_and_the_same_request_again_is_taken_in_once(string instant, TrapAction action)
    {
        await using var line = LineToPostgres();
        await using var database = Through(line);
        await using var api = await ApiHost.StartAsync(database, Redis.ConnectionString);
        var acme = await api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());
        // What completes a run that was started has a transaction of its own, with a COMMIT.
        var path = instant == Instants.Commit ? $"workflow-runs/{await acme.StartRunAsync(workflow)}/complete" : $"workflows/{workflow}/completed-runs";
        var trap = line.Set(new ProxyTrap(instant, action));

        var cut = acme.PostAsync(path, "{}", idempotencyKey: "call-4711");
        await trap.Sprung.Soon();
        if (action == TrapAction.HoldAnswer) await Eventually.TrueAsync(async () => (await Database.DeliveriesAsync()).Count == 1);
        trap.Cut();

        (await cut.Soon()).IsProblem(503);
        var answer = await acme.PostAsync(path, "{}", idempotencyKey: "call-4711");
        answer.Is(202);
        Assert.Equal(action == TrapAction.HoldAnswer ? "true" : null, answer.Header("Idempotency-Replayed"));
        Assert.Single(await Database.DeliveriesAsync());
    }

    [Theory]
    [InlineData("claim", TrapAction.CutMidway)]
    [InlineData("record", TrapAction.CutMidway)]
    [InlineData("commit", TrapAction.CutMidway)]
    [InlineData("commit", TrapAction.HoldAnswer)]
    internal async Task A_connection_that_is_cut_under_a_worker_costs_no_outcome_and_nothing_is_sent_twice(string instant, TrapAction action)
    {
        await using var line = LineToPostgres();
        await using var database = Through(line);
        var trap = line.Set(new ProxyTrap(instant switch { "claim" => Instants.Claim, "record" => Instants.Record, _ => Instants.Commit }, action));
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url));
        await StartWorkerAsync(database, Redis.ConnectionString);
        await trap.Sprung.Soon();
        if (action == TrapAction.HoldAnswer) await UntilAsync(key, DeliveryStatus.Succeeded);

        trap.Cut();

        await UntilAsync(key, DeliveryStatus.Succeeded);
        var next = await Database.AddAsync(ADelivery().To(Receiver.At("/next")));
        await UntilAsync(next, DeliveryStatus.Succeeded);
        Assert.Single(Receiver.Requests, request => request.Path == "/hook");
        Assert.Single(await Database.AttemptsAsync(key));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task With_its_pool_exhausted_the_API_answers_503_and_those_that_waited_are_served()
    {
        await using var small = new TestDatabase($"{Database.ConnectionString};Maximum Pool Size=2;Timeout=1");
        await using var api = await ApiHost.StartAsync(small, Redis.ConnectionString);
        var acme = await api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());
        string[] paths = [$"workflow-runs/{await acme.StartRunAsync(workflow)}/complete", $"workflow-runs/{await acme.StartRunAsync(workflow)}/complete"];
        Task<ApiAnswer>[] waiting;
        await using (await LockAsync("idempotency_keys"))
        {
            waiting = [.. paths.Select(path => acme.PostAsync(path, "{}", "the key"))];
            await Eventually.TrueAsync(async () => await HeldTransaction.CountWaitingAsync(Database) == 2);

            var watch = Stopwatch.StartNew();
            (await acme.GetAsync("deliveries")).IsProblem(503);
            Assert.True(watch.Elapsed < AtOnce, $"{watch.Elapsed}");
        }

        foreach (var answer in await Task.WhenAll(waiting).Soon()) answer.Is(202);
        Assert.Equal(2, (await Database.DeliveriesAsync()).Count);
    }

    [Fact]
    public async Task With_its_pool_exhausted_a_worker_holds_what_it_must_record_and_records_it()
    {
        await using var small = new TestDatabase($"{Database.ConnectionString};Maximum Pool Size=2;Timeout=1");
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url));
        var worker = await StartWorkerAsync(small, Redis.ConnectionString);
        await Receiver.RequestsAsync(1);
        var pool = worker.Get<NpgsqlDataSource>();
        await using (await pool.OpenConnectionAsync(Token))
        await using (await pool.OpenConnectionAsync(Token))
        {
            gate.SetResult();
            await Eventually.TrueAsync(() => worker.Log.Has("pool has been exhausted"));
        }

        await UntilAsync(key, DeliveryStatus.Succeeded);
        Assert.Single(Receiver.Requests);
    }

    [Fact]
    public async Task A_transaction_left_open_at_a_prompt_holds_up_nothing_but_the_rows_that_it_has_locked()
    {
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        var sent = (await Database.AddAsync(2, ADelivery().To(Receiver.Url))).ToList();
        await StartWorkerAsync();
        await ScheduleAsync(sent);
        await Receiver.RequestsAsync(2);
        var due = (await Database.AddAsync(2, ADelivery().To(Receiver.Url))).ToList();

        await using (await HeldTransaction.BeginAsync(Database, $"UPDATE webhook_deliveries SET updated_at = now() WHERE id IN ({sent[0].Id}, {due[0].Id})"))
        {
            gate.SetResult();
            await ScheduleAsync(due);
            await UntilAsync(sent[1], DeliveryStatus.Succeeded);
            await UntilAsync(due[1], DeliveryStatus.Succeeded);
            Assert.Equal([DeliveryStatus.Pending, DeliveryStatus.Pending], [(await Database.DeliveryAsync(sent[0])).Status, (await Database.DeliveryAsync(due[0])).Status]);
        }

        await UntilAllAsync(DeliveryStatus.Succeeded);
        Assert.Equal(4, Receiver.Requests.Count);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task Whatever_PostgreSQL_says_of_itself_the_API_answers_503_and_stores_nothing_and_then_the_run_once()
    {
        await using var database = await FailingDatabaseAsync("INSERT ON webhook_deliveries", "true");
        await using var api = await ApiHost.StartAsync(database, Redis.ConnectionString);
        var acme = await api.NewOrganizationAsync();
        var path = $"workflows/{await acme.AddWorkflowAsync(Webhook())}/completed-runs";
        foreach (var trouble in Troubles)
        {
            await FailWithAsync(database, trouble);
            foreach (var key in (string?[])[null, "call-4711"])
            {
                var answer = await acme.PostAsync(path, "{}", key);
                Assert.True(answer.Status == 503, $"{trouble} was answered {answer.Status}");
                Assert.NotNull(answer.Header("Retry-After"));
            }
        }

        Assert.Empty(await database.DeliveriesAsync());
        await database.ExecuteAsync("DROP TRIGGER fails ON webhook_deliveries");
        (await acme.PostAsync(path, "{}", "call-4711")).Is(202);
        Assert.Single(await database.DeliveriesAsync());
    }

    [Fact]
    public async Task Whatever_PostgreSQL_says_of_itself_a_worker_holds_what_it_must_record_and_records_it()
    {
        await using var database = await FailingDatabaseAsync("UPDATE ON webhook_deliveries", "NEW.status = 'succeeded'");
        await FailWithAsync(database, Troubles[0]);
        var worker = await StartWorkerAsync(database, Redis.ConnectionString);
        var key = await database.AddAsync(ADelivery().To(Receiver.Url));
        foreach (var trouble in Troubles)
        {
            await FailWithAsync(database, trouble);
            await Eventually.TrueAsync(() => worker.Log.Has($"PostgresException: {trouble}"));
        }

        Assert.Equal((DeliveryStatus.Pending, worker.Name), await StateAsync(database, key));
        await database.ExecuteAsync("DROP TRIGGER fails ON webhook_deliveries");
        await Eventually.TrueAsync(async () => (await database.DeliveryAsync(key)).Status == DeliveryStatus.Succeeded);
        Assert.Single(Receiver.Requests);
        Assert.Single(await database.AttemptsAsync(key));
    }

    [Fact]
    public async Task A_starter_that_finds_the_primary_read_only_migrates_it_when_it_can_be_written_to()
    {
        await using var database = await Servers.CreateEmptyDatabaseAsync();
        await database.ExecuteAsync("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$");
        database.DataSource.Clear();
        using var log = new TestLog();
        var migrator = new DatabaseMigrator(new Contexts(database), database.DataSource, TimeProvider.System, log.For<DatabaseMigrator>());

        var migrating = migrator.MigrateWhenReachableAsync(Token);
        await Eventually.TrueAsync(() => log.Has("25006") || migrating.IsCompleted);
        await using (var writer = new TestDatabase($"{database.ConnectionString};Options=-c default_transaction_read_only=off"))
        {
            await writer.ExecuteAsync("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database()); END $$");
        }

        database.DataSource.Clear();

        await migrating.Soon();
        Assert.True(await migrator.IsCurrentAsync(Token));
    }

    private static async Task<(DeliveryStatus Status, string? LeasedBy)> StateAsync(TestDatabase database, DeliveryKey key)
    {
        var row = await database.DeliveryAsync(key);
        return (row.Status, row.LeasedBy);
    }

    // With a trigger that fails as it is told.
    private async Task<TestDatabase> FailingDatabaseAsync(string on, string condition)
    {
        var database = await Servers.CreateEmptyDatabaseAsync();
        await TestServers.MigrateAsync(database.DataSource, Token);
        await FailWithAsync(database, Troubles[0]);
        await database.ExecuteAsync($"CREATE TRIGGER fails BEFORE {on} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION fail()");
        return database;
    }

    private static Task FailWithAsync(TestDatabase database, string trouble) => database.ExecuteAsync(
        $"CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'made to fail' USING ERRCODE = '{trouble}'; END $$");

    private TcpProxy LineToPostgres() => new(new NpgsqlConnectionStringBuilder(Database.ConnectionString).Port);

    private TestDatabase Through(TcpProxy line) =>
        new(new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Port = line.Port, MaxAutoPrepare = 0 }.ConnectionString);

    private Task<HeldTransaction> LockAsync(string table) => HeldTransaction.BeginAsync(Database, $"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");

    private sealed class Contexts(TestDatabase database) : IDbContextFactory<DograhDbContext>
    {
        public DograhDbContext CreateDbContext() => database.NewContext();
    }
}
