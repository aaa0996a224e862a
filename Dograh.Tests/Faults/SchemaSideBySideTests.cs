using System.Diagnostics;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Faults;

/// <summary>A deployment migrates while the version before still runs: it must notice nothing, and nothing that it stores may be lost from sight.</summary>
public sealed class SchemaSideBySideTests(TestServers servers) : WorkerTest(servers)
{
    // A migration's wait for a lock is a second, and its changes take milliseconds: the rest is for a machine that others use too.
    private static readonly TimeSpan LongestStall = TimeSpan.FromSeconds(5);

    private const string UnlistedSql =
        """
        SELECT count(*) FROM webhook_deliveries AS d
        WHERE NOT EXISTS (SELECT FROM webhook_delivery_listings AS l
                          WHERE (l.organization_id, l.id, l.created_at, l.workflow_id, l.webhook_node_id, l.endpoint_host)
                              = (d.organization_id, d.id, d.created_at, d.workflow_id, d.webhook_node_id, d.endpoint_host))
        """;

    [Fact]
    public async Task What_the_build_before_stores_after_the_migration_is_delivered_and_listed()
    {
        var run = await Database.AddRunAsync(await Database.AddOrganizationAsync());
        var listed = await Database.AddAsync(ADelivery().Of(run).To(Receiver.Url));
        await PreviousBuild.InsertAsync(Database, run, Receiver.Url, "a");
        var worker = await StartWorkerAsync();
        // While it runs, too; and what the builds store side by side.
        await PreviousBuild.InsertAsync(Database, run, Receiver.Url, "b");
        await Database.AddAsync(ADelivery().Of(run).To(Receiver.Url));

        await UntilAllAsync(DeliveryStatus.Succeeded);
        await Eventually.TrueAsync(async () => await Database.ScalarAsync<long>(UnlistedSql) == 0);

        Assert.Equal(4, Receiver.Requests.Count);
        Assert.True(worker.Log.Has("sweep.listed: "));
        Assert.True((await Database.DeliveryAsync(listed)).IsListed);
        Assert.Equal(0, await Database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE NOT is_listed"));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task The_build_before_stores_claims_and_records_while_the_newest_migrations_are_applied()
    {
        await using var database = await PreviousDatabaseAsync();
        var run = await database.AddRunAsync(await database.AddOrganizationAsync());
        using var migrated = new CancellationTokenSource();
        var traffic = Enumerable.Range(0, 4).Select(n => WorkAsync(database, run, n, migrated.Token)).ToList();
        await Eventually.TrueAsync(async () => await database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE status = 'succeeded'") >= 100);

        await using var deployment = new TestDatabase(database.ConnectionString);
        await TestServers.MigratorOf(deployment.DataSource).MigrateAsync(cancellationToken: Token);
        var before = await database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries");
        await Eventually.TrueAsync(async () => await database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE status = 'succeeded'") >= before + 100);
        await migrated.CancelAsync();
        var worked = await Task.WhenAll(traffic);

        Assert.All(worked, work => Assert.InRange(work.LongestStall, TimeSpan.Zero, LongestStall));
        Assert.Equal(worked.Sum(work => work.Count), await deployment.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE status = 'succeeded'"));
        Assert.True(await deployment.ScalarAsync<long>(UnlistedSql) > before);
        while (await deployment.Store.ListUnlistedAsync(1000, Token) > 0)
        {
        }

        Assert.Equal(0, await deployment.ScalarAsync<long>(UnlistedSql));
    }

    [Fact]
    public async Task A_migration_that_must_wait_for_a_table_lets_the_traffic_through()
    {
        await using var database = await PreviousDatabaseAsync();
        var run = await database.AddRunAsync(await database.AddOrganizationAsync());
        await using var reader = await database.DataSource.OpenConnectionAsync(Token);
        await using var reading = await reader.BeginTransactionAsync(Token);
        await using (var look = new Npgsql.NpgsqlCommand("SELECT count(*) FROM webhook_deliveries", reader)) await look.ExecuteScalarAsync(Token);

        await using var deployment = new TestDatabase(database.ConnectionString);
        var migrating = TestServers.MigratorOf(deployment.DataSource).MigrateAsync(cancellationToken: Token);
        await Eventually.TrueAsync(async () => await database.ScalarAsync<bool>(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'webhook_deliveries'::regclass AND mode = 'AccessExclusiveLock')"));
        var watch = Stopwatch.StartNew();
        await PreviousBuild.InsertAsync(database, run, Receiver.Url, "a");
        var stalled = watch.Elapsed;
        Assert.False(migrating.IsCompleted);

        await reading.RollbackAsync(Token);
        await migrating.Soon();

        Assert.InRange(stalled, TimeSpan.Zero, LongestStall);
        // What was set for the migration is not left on a connection that others get.
        await using var next = await deployment.DataSource.OpenConnectionAsync(Token);
        await using var show = new Npgsql.NpgsqlCommand("SHOW lock_timeout", next);
        Assert.Equal("0", await show.ExecuteScalarAsync(Token));
    }

    private async Task<TestDatabase> PreviousDatabaseAsync()
    {
        var empty = await Servers.CreateEmptyDatabaseAsync();
        await TestServers.MigratorOf(empty.DataSource).MigrateAsync(PreviousBuild.Migration, Token);
        return empty;
    }

    // Stores, claims and records until told to stop; the statements that claim and record have not changed.
    private async Task<(int Count, TimeSpan LongestStall)> WorkAsync(TestDatabase database, ARun run, int lane, CancellationToken stop)
    {
        var count = 0;
        var longest = TimeSpan.Zero;
        while (!stop.IsCancellationRequested)
        {
            var watch = Stopwatch.StartNew();
            var key = await PreviousBuild.InsertAsync(database, run, Receiver.Url, $"{lane}-{count}");
            var claim = Assert.Single((await database.Store.ClaimAsync([key], "worker-of-old", TimeSpan.FromMinutes(1))).Claimed);
            var attempt = new AttemptResult.Attempted { StatusCode = 200, StartedAt = claim.LeaseUntil, Duration = TimeSpan.Zero };
            var record = new AttemptRecord { Key = key, Token = claim.Token, Status = DeliveryStatus.Succeeded, Attempt = attempt };
            Assert.Single(await database.Store.RecordAsync([record], "worker-of-old", Token));
            if (watch.Elapsed > longest) longest = watch.Elapsed;
            count++;
        }

        return (count, longest);
    }
}
