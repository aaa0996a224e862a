using Dograh.Tests.Support;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Runs;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Runs;

/// <summary>
/// A new system's first rush: plans that were made while the tables were empty must not be kept. The servers of these tests run without autovacuum, so
/// nobody but the API gathers statistics.
/// </summary>
public sealed class FirstStatisticsTests(TestServers servers)
{
    private const string Statistics = "SELECT reltuples::bigint FROM pg_class WHERE relname IN ('workflow_runs', 'webhook_deliveries') ORDER BY relname";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_the_first_deliveries_foreign_keys_are_checked_and_rows_claimed_and_recorded_by_the_primary_key()
    {
        await using var api = await ApiHost.StartAsync(servers);

        await CompleteEnoughAsync(api);

        await GatheredAsync(api);
        await AssertByKeyAsync(api, "workflow_runs", ForeignKeyCheck("workflow_runs"), "bigint, bigint");
        await AssertByKeyAsync(api, "webhook_deliveries", ForeignKeyCheck("webhook_deliveries"), "bigint, bigint");
        await AssertByKeyAsync(api, "webhook_deliveries", ClaimDeliveries.Sql, "bigint[], bigint[], text, float8, int, text");
        await AssertByKeyAsync(
            api, "webhook_deliveries", RecordAttempts.UpdateSql, "bigint[], bigint[], bigint[], webhook_delivery_status[], int[], float8[], int[], text[]");
    }

    [Fact]
    public async Task Where_there_are_statistics_none_are_gathered()
    {
        await using var api = await ApiHost.StartAsync(servers);
        await CompleteEnoughAsync(api);
        await GatheredAsync(api);

        Assert.Empty(await api.Services.GetRequiredService<FirstStatistics>().GatherAsync());
    }

    private static string ForeignKeyCheck(string table) => $"SELECT 1 FROM ONLY {table} AS x WHERE organization_id = $1 AND id = $2 FOR KEY SHARE OF x";

    private static Task GatheredAsync(ApiHost api) => Eventually.TrueAsync(
        async () => (await api.Database.ColumnAsync<long>(Statistics)).All(rows => rows >= FirstStatistics.Enough / 2));

    // The smallest runs there are, for small tables are what PostgreSQL likes to read through.
    private static async Task CompleteEnoughAsync(ApiHost api)
    {
        var acme = await api.NewOrganizationAsync();
        var workflow = (await acme.PostAsync("workflows", Workflow(Webhook()))).Is(201).Number("id");
        for (var runs = 0; runs < FirstStatistics.Enough; runs += 256)
        {
            (await acme.PostAsync($"workflows/{workflow}/completed-runs/batch", new { runs = Enumerable.Repeat(new { }, 256) })).Is(207);
        }
    }

    // The plan that a session keeps, whatever the parameters.
    private static async Task AssertByKeyAsync(ApiHost api, string table, string sql, string types)
    {
        await using var connection = await api.Database.DataSource.OpenConnectionAsync(Token);
        await using var prepare = new NpgsqlCommand($"SET plan_cache_mode = force_generic_plan; PREPARE statement ({types}) AS {sql}", connection);
        await prepare.ExecuteNonQueryAsync(Token);
        await using var explain = new NpgsqlCommand($"EXPLAIN EXECUTE statement ({string.Join(", ", types.Split(',').Select(_ => "NULL"))})", connection);
        var plan = new List<string>();
        await using (var reader = await explain.ExecuteReaderAsync(Token))
        {
            while (await reader.ReadAsync(Token)) plan.Add(reader.GetString(0));
        }

        await using var tidy = new NpgsqlCommand("RESET plan_cache_mode; DEALLOCATE statement", connection);
        await tidy.ExecuteNonQueryAsync(Token);
        Assert.Contains(plan, line => line.Contains($"using pk_{table} on {table}", StringComparison.Ordinal));
    }
}
