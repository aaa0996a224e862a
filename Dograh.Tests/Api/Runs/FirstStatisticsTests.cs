using Dograh.Tests.Support;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Idempotency;
using Dograh.Webhooks.Runs;
using Microsoft.Extensions.DependencyInjection;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Runs;

/// <summary>
/// A new system's first rush: plans that were made while the tables were empty must not be kept. The servers of these tests run without autovacuum, so
/// nobody but the API gathers statistics.
/// </summary>
public sealed class FirstStatisticsTests(TestServers servers)
{
    private const string Statistics = "SELECT reltuples::bigint FROM pg_class WHERE relname IN ('workflow_runs', 'webhook_deliveries', 'idempotency_keys') ORDER BY relname";

    [Fact]
    public async Task After_the_first_deliveries_foreign_keys_are_checked_and_rows_claimed_and_recorded_by_the_primary_key()
    {
        // Made anew: one that another test had may have its statistics.
        await using var database = await servers.CreateEmptyDatabaseAsync();
        await using var redis = await servers.RentRedisAsync();
        await using var api = await StartAsync(database, redis);

        await CompleteEnoughAsync(api);

        await GatheredAsync(database);
        await AssertByKeyAsync(database, "workflow_runs", ForeignKeyCheck("workflow_runs"), "bigint, bigint");
        await AssertByKeyAsync(database, "webhook_deliveries", ForeignKeyCheck("webhook_deliveries"), "bigint, bigint");
        await AssertByKeyAsync(database, "webhook_deliveries", ClaimDeliveries.Sql, "bigint[], bigint[], text, float8, int, text");
        await AssertByKeyAsync(
            database, "webhook_deliveries", RecordAttempts.UpdateSql, "bigint[], bigint[], bigint[], webhook_delivery_status[], int[], float8[], int[], text[]");
        await AssertByKeyAsync(database, "idempotency_keys", IdempotencyStore.FindSql, "bigint[], text[], text[], interval");
        await AssertByKeyAsync(database, "idempotency_keys", IdempotencyStore.CompleteSql, "bigint[], text[], text[], int[], text[]");
    }

    [Fact]
    public async Task A_table_that_was_emptied_has_them_gathered_anew_when_it_fills()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        await using var redis = await servers.RentRedisAsync();
        await using var api = await StartAsync(database, redis);
        await CompleteEnoughAsync(api);
        await GatheredAsync(database);
        await database.ExecuteAsync("DELETE FROM idempotency_keys");
        await database.ExecuteAsync("VACUUM ANALYZE idempotency_keys");
        Assert.Equal(0, await database.ScalarAsync<float>("SELECT reltuples FROM pg_class WHERE relname = 'idempotency_keys'"));

        await CompleteEnoughAsync(api);

        await GatheredAsync(database);
        await AssertByKeyAsync(database, "idempotency_keys", IdempotencyStore.FindSql, "bigint[], text[], text[], interval");
    }

    [Fact]
    public async Task Where_there_are_statistics_none_are_gathered()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        await using var redis = await servers.RentRedisAsync();
        await using var api = await StartAsync(database, redis);
        await CompleteEnoughAsync(api);
        await GatheredAsync(database);

        Assert.Empty(await api.Services.GetRequiredService<FirstStatistics>().GatherAsync());
    }

    private static Task<ApiHost> StartAsync(TestDatabase database, TestRedis redis) =>
        ApiHost.StartAsync(database, redis.ConnectionString, ("Database:MigrateOnStartup", true));

    private static string ForeignKeyCheck(string table) => $"SELECT 1 FROM ONLY {table} AS x WHERE organization_id = $1 AND id = $2 FOR KEY SHARE OF x";

    private static Task GatheredAsync(TestDatabase database) => Eventually.TrueAsync(
        async () => (await database.ColumnAsync<long>(Statistics)).All(rows => rows >= FirstStatistics.Enough / 2));

    // The smallest runs there are, for small tables are what PostgreSQL likes to read through.
    private static async Task CompleteEnoughAsync(ApiHost api)
    {
        await Eventually.TrueAsync(async () => (await api.Anonymous.GetAsync("/health")).Status == 200);
        var acme = await api.NewOrganizationAsync();
        var workflow = (await acme.PostAsync("workflows", Workflow(Webhook()))).Is(201).Number("id");
        for (var runs = 0; runs < FirstStatistics.Enough; runs += 256)
        {
            (await acme.PostAsync($"workflows/{workflow}/completed-runs/batch", new { runs = Enumerable.Range(0, 256).Select(n => new { idempotency_key = $"{runs + n}" }) })).Is(207);
        }
    }

    private static async Task AssertByKeyAsync(TestDatabase database, string table, string sql, string types) =>
        Assert.Contains($"using pk_{table} on {table}", await GenericPlan.ReadAsync(database.DataSource, sql, types), StringComparison.Ordinal);
}
