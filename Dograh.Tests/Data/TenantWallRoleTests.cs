using Dograh.Tests.Api;
using Dograh.Tests.Support;
using Dograh.Webhooks.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dograh.Tests.Data;

/// <summary>The wall's role is the cluster's: who may make it, who comes at the same time, and what stays of it. Each in a cluster of its own.</summary>
public sealed class TenantWallRoleTests(TestServers servers)
{
    private const string RoleSql = "SELECT count(*) FROM pg_roles WHERE rolname = 'dograh_tenant'";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_user_who_may_not_make_the_role_is_told_so_and_nothing_else_breaks_until_somebody_makes_it()
    {
        await using var server = await servers.StartPostgresAsync();
        await using var admin = new TestDatabase(server.ConnectionStringTo("postgres"));
        await admin.ExecuteAsync("CREATE ROLE plain LOGIN PASSWORD 'plain'");
        await admin.ExecuteAsync("CREATE DATABASE plain OWNER plain");
        await using var database = new TestDatabase(
            new NpgsqlConnectionStringBuilder(server.ConnectionStringTo("plain")) { Username = "plain", Password = "plain" }.ConnectionString);
        await using var redis = await servers.RentRedisAsync();
        await using (var api = await ApiHost.StartAsync(database, redis.ConnectionString, ("Database:MigrateOnStartup", true)))
        {
            await Eventually.TrueAsync(async () => (await api.Anonymous.GetAsync("/health")).Status == 200 && api.Log.Has("may not become dograh_tenant"));
            Assert.True(api.Log.Has("The role dograh_tenant could not be made"));
            var acme = await api.NewOrganizationAsync();
            (await acme.PostAsync("credentials", new { name = "x", credential_type = "none" }, idempotencyKey: "k")).Is(201);
            Assert.Single((await acme.GetAsync("credentials")).Is(200).Items());

            await admin.ExecuteAsync("CREATE ROLE dograh_tenant NOLOGIN; GRANT dograh_tenant TO plain");
            Assert.Single((await acme.GetAsync("credentials")).Is(200).Items());
            await TestServers.MigratorOf(database.DataSource).MigrateAsync(cancellationToken: Token);

            Assert.Single((await acme.GetAsync("credentials")).Is(200).Items());
            (await acme.PostAsync("credentials", new { name = "y", credential_type = "none" }, idempotencyKey: "l")).Is(201);
        }

        await using var tenants = new TenantDatabase(database.ConnectionString);
        await using (var connection = await tenants.OpenAsync(1, Token))
        {
            await using var who = new NpgsqlCommand("SELECT current_user::text", connection);
            Assert.Equal("dograh_tenant", await who.ExecuteScalarAsync(Token));
        }

        // It is not theirs to drop.
        await TestServers.MigratorOf(database.DataSource).MigrateAsync(DatabaseMigrator.Nothing, Token);
        Assert.Equal(1, await admin.ScalarAsync<long>(RoleSql));
        Assert.Equal(0, await database.ScalarAsync<long>("SELECT count(*) FROM pg_policy"));
        await admin.ExecuteAsync("DROP ROLE dograh_tenant");
    }

    [Fact]
    public async Task A_user_who_may_make_roles_raises_it_and_whoever_goes_last_takes_the_role_along()
    {
        await using var server = await servers.StartPostgresAsync();
        await using var admin = new TestDatabase(server.ConnectionStringTo("postgres"));
        await admin.ExecuteAsync("CREATE ROLE maker LOGIN CREATEROLE PASSWORD 'maker'");
        var databases = new List<TestDatabase>();
        for (var n = 0; n < 4; n++)
        {
            await admin.ExecuteAsync($"CREATE DATABASE d{n} OWNER maker");
            databases.Add(new TestDatabase(
                new NpgsqlConnectionStringBuilder(server.ConnectionStringTo($"d{n}")) { Username = "maker", Password = "maker" }.ConnectionString));
        }

        // All at once, twice: up, and down.
        for (var round = 0; round < 2; round++)
        {
            await Task.WhenAll(databases.Select(database => TestServers.MigratorOf(database.DataSource).MigrateAsync(cancellationToken: Token)));
            foreach (var database in databases)
            {
                await using var connection = await database.DataSource.OpenConnectionAsync(Token);
                Assert.True(await TenantWall.IsUpAsync(connection, Token));
            }

            await Task.WhenAll(databases.Select(database => TestServers.MigratorOf(database.DataSource).MigrateAsync(DatabaseMigrator.Nothing, Token)));
            // Of those that go at once, each may have found another that still had it.
            await TestServers.MigratorOf(databases[0].DataSource).MigrateAsync(cancellationToken: Token);
            await TestServers.MigratorOf(databases[0].DataSource).MigrateAsync(DatabaseMigrator.Nothing, Token);
            Assert.Equal(0, await admin.ScalarAsync<long>(RoleSql));
        }

        foreach (var database in databases) await database.DisposeAsync();
    }

    // One that may use the tables and owns nothing: as before there were policies.
    [Fact]
    public async Task Somebody_who_is_neither_the_owner_nor_a_tenant_sees_everything_as_before()
    {
        await using var server = await servers.StartPostgresAsync();
        await using var owner = new TestDatabase(server.ConnectionStringTo("postgres"));
        await TestServers.MigratorOf(owner.DataSource).MigrateAsync(cancellationToken: Token);
        await owner.AddAsync(Given.ADelivery());
        await owner.ExecuteAsync("CREATE ROLE app LOGIN PASSWORD 'app'; GRANT ALL ON ALL TABLES IN SCHEMA public TO app");
        await using var app = new TestDatabase(
            new NpgsqlConnectionStringBuilder(server.ConnectionStringTo("postgres")) { Username = "app", Password = "app" }.ConnectionString);

        Assert.Single(await app.DeliveriesAsync());
        Assert.Equal(1, await app.ExecuteAsync("UPDATE webhook_deliveries SET status = 'cancelled'"));
        await using var tenants = new TenantDatabase(app.ConnectionString);
        await using var context = tenants.CreateContext(1);
        Assert.Single(await context.WebhookDeliveries.ToListAsync(Token));
    }
}
