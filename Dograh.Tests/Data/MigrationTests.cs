using Dograh.Tests.Support;
using Dograh.Webhooks.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dograh.Tests.Data;

public sealed class MigrationTests(TestServers servers)
{
    // What people make in schema public: relations (tables, indexes, sequences, views), types that no relation brings along, routines.
    private const string LeftoverSql =
        """
        SELECT 'relation ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace
        UNION ALL SELECT 'routine ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        ORDER BY 1
        """;

    private const string OptionsSql = "SELECT coalesce(array_to_string(reloptions, ','), '') FROM pg_class WHERE oid = 'webhook_deliveries'::regclass";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_migrations_go_up_then_down_to_nothing_and_up_again()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        var migrator = TestServers.MigratorOf(database.DataSource);

        await migrator.MigrateAsync(cancellationToken: Token);
        var first = await database.ColumnAsync<string>(LeftoverSql);
        await migrator.MigrateAsync(DatabaseMigrator.Nothing, Token);
        var leftovers = await database.ColumnAsync<string>(LeftoverSql);
        await migrator.MigrateAsync(cancellationToken: Token);

        Assert.Contains("relation webhook_deliveries", first);
        Assert.Contains("type webhook_delivery_status", first);
        Assert.Empty(leftovers);
        Assert.Equal(first, await database.ColumnAsync<string>(LeftoverSql));
    }

    [Fact]
    public async Task Each_migration_goes_up_down_and_up_again_by_itself()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        await using var context = database.NewContext();
        var migrator = TestServers.MigratorOf(database.DataSource);
        var previous = DatabaseMigrator.Nothing;
        foreach (var migration in context.Database.GetMigrations())
        {
            var before = await database.ColumnAsync<string>(LeftoverSql);
            await migrator.MigrateAsync(migration, Token);
            var after = await database.ColumnAsync<string>(LeftoverSql);

            await migrator.MigrateAsync(previous, Token);
            Assert.Equal(before, await database.ColumnAsync<string>(LeftoverSql));

            await migrator.MigrateAsync(migration, Token);
            Assert.Equal(after, await database.ColumnAsync<string>(LeftoverSql));
            previous = migration;
        }
    }

    [Fact]
    public async Task Deliveries_from_before_the_listings_are_listed_and_outlive_them()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        var migrator = TestServers.MigratorOf(database.DataSource);
        await migrator.MigrateAsync("InitialSchema", Token);
        var run = await database.AddRunAsync(await database.AddOrganizationAsync());
        await database.ExecuteAsync(
            """
            INSERT INTO webhook_deliveries
                   (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, endpoint_url, endpoint_host, http_method,
                    payload, custom_headers, status, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds, created_at)
            SELECT $1, gen_random_uuid(), $2, $3, 'node-' || n, 'A webhook', 'https://crm.example/', n || '.example', 'POST', '{}', '[]', 'cancelled', 5, 5, 1, 1, 1,
                   now() - n * interval '1 day'
            FROM generate_series(1, 3) n
            """,
            run.OrganizationId, run.Id, run.WorkflowId);

        await migrator.MigrateAsync(cancellationToken: Token);
        Assert.Equal(3, await database.Store.ListUnlistedAsync(limit: 10, Token));

        Assert.Equal(3, await database.ScalarAsync<long>(
            """
            SELECT count(*)
            FROM webhook_delivery_listings
            JOIN webhook_deliveries USING (organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host)
            """));
        Assert.Equal("fillfactor=50", await database.ScalarAsync<string>(OptionsSql));

        await migrator.MigrateAsync("InitialSchema", Token);

        Assert.Equal(3, await database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries"));
        Assert.Equal("", await database.ScalarAsync<string>(OptionsSql));
    }

    // Whoever is stopped while the index is built, outside any transaction, leaves the column and an index that PostgreSQL does not use.
    [Fact]
    public async Task A_migration_that_was_cut_off_within_is_taken_up_again()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        var migrator = TestServers.MigratorOf(database.DataSource);
        await migrator.MigrateAsync("DeliveryListings", Token);
        await database.ExecuteAsync("ALTER TABLE webhook_deliveries ADD COLUMN is_listed boolean NOT NULL DEFAULT false");
        await database.ExecuteAsync("CREATE INDEX ix_webhook_deliveries_unlisted ON webhook_deliveries (id)");

        await migrator.MigrateAsync(cancellationToken: Token);

        Assert.EndsWith(
            "(organization_id, id) WHERE (NOT is_listed)",
            await database.ScalarAsync<string>("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_webhook_deliveries_unlisted'"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Payloads_that_were_removed_are_nothing_where_a_payload_must_be()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        var migrator = TestServers.MigratorOf(database.DataSource);
        await migrator.MigrateAsync(cancellationToken: Token);
        await database.AddAsync(Given.ADelivery().In(Dograh.Webhooks.Deliveries.DeliveryStatus.Cancelled).WithPayload("{}"));
        await database.ExecuteAsync("UPDATE webhook_deliveries SET payload = NULL");

        await migrator.MigrateAsync("DeliveryListings", Token);

        Assert.Equal("null", await database.ScalarAsync<string>("SELECT payload FROM webhook_deliveries"));
        Assert.Equal("NO", await database.ScalarAsync<string>(
            "SELECT is_nullable::text FROM information_schema.columns WHERE table_name = 'webhook_deliveries' AND column_name = 'payload'"));
        await migrator.MigrateAsync(cancellationToken: Token);
    }

    [Fact]
    public async Task Migrating_twice_changes_nothing_the_second_time()
    {
        await using var database = await servers.RentDatabaseAsync();
        var key = await database.AddAsync(Given.ADelivery());

        await TestServers.MigratorOf(database.DataSource).MigrateAsync(cancellationToken: Token);

        Assert.Equal(DeliveryStatusOf(await database.DeliveryAsync(key)), DeliveryStatusOf(Assert.Single(await database.DeliveriesAsync())));
    }

    [Fact]
    public async Task Starters_that_migrate_at_once_all_succeed()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            // Each as a process of its own would: with its own connections.
            await using var starter = new TestDatabase(database.ConnectionString);
            await TestServers.MigratorOf(starter.DataSource).MigrateAsync(cancellationToken: Token);
        }));

        Assert.True(await TestServers.MigratorOf(database.DataSource).IsCurrentAsync(Token));
        await database.AddAsync(Given.ADelivery());
    }

    [Fact]
    public async Task A_starter_that_waits_goes_on_once_another_has_migrated()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        await using var waiter = new TestDatabase(database.ConnectionString);
        var migrator = TestServers.MigratorOf(waiter.DataSource);
        Assert.False(await migrator.IsCurrentAsync(Token));
        var waiting = migrator.WaitUntilCurrentAsync(Token);

        await TestServers.MigratorOf(database.DataSource).MigrateAsync(cancellationToken: Token);
        await waiting.Soon();

        // It knows the enum type now, although its connections are older than the type.
        await waiter.AddAsync(Given.ADelivery());
    }

    [Fact]
    public async Task What_a_worker_takes_for_the_migrations_are_those_of_EF_Core()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        await using var context = database.NewContext();

        Assert.Equal(context.Database.GetMigrations(), AppliedMigrations.Known.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_database_that_lacks_its_last_migration_or_is_not_there_at_all_is_not_current()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        Assert.False(await AppliedMigrations.AreAllAsync(database.DataSource, Token));
        await TestServers.MigratorOf(database.DataSource).MigrateAsync(AppliedMigrations.Known.Order(StringComparer.Ordinal).ToList()[^2], Token);
        Assert.False(await AppliedMigrations.AreAllAsync(database.DataSource, Token));
        await TestServers.MigratorOf(database.DataSource).MigrateAsync(cancellationToken: Token);
        Assert.True(await AppliedMigrations.AreAllAsync(database.DataSource, Token));

        await using var nowhere = DatabaseServices.BuildDataSource(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Database = "nowhere" }.ConnectionString);
        Assert.False(await AppliedMigrations.AreAllAsync(nowhere, Token));
    }

    [Fact]
    public async Task The_migrations_make_what_the_model_says()
    {
        await using var database = await servers.RentDatabaseAsync();
        await using var context = database.NewContext();

        Assert.False(context.Database.HasPendingModelChanges(), "The model has changed since the last migration; add one.");
    }

    private static string DeliveryStatusOf(Dograh.Webhooks.Deliveries.WebhookDelivery delivery) => $"{delivery.DeliveryUuid} {delivery.Status}";
}
