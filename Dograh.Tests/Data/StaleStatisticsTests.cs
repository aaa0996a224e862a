using Dograh.Tests.Support;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Npgsql;
using NpgsqlTypes;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Data;

/// <summary>Statistics from when hardly anything was due must not lead a batch through all that is due now.</summary>
public sealed class StaleStatisticsTests(TestServers servers) : DatabaseTest(servers)
{
    private const string DueIndex = "ix_webhook_deliveries_due";

    private static readonly DeliveryKey[] Batch = [.. Enumerable.Range(1, 256).Select(n => new DeliveryKey(1, n))];

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Database.AddAsync(ADelivery());
        await Database.ExecuteAsync(
            """
            INSERT INTO webhook_deliveries
                   (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, endpoint_url, endpoint_host, http_method,
                    payload, custom_headers, status, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds, is_listed)
            SELECT organization_id, gen_random_uuid(), workflow_run_id, workflow_id, 'node-' || n, webhook_name, endpoint_url, endpoint_host, http_method,
                   repeat('x', 1000), custom_headers, 'cancelled', max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds, true
            FROM webhook_deliveries, generate_series(1, 20000) n
            """);
        await Database.ExecuteAsync("ANALYZE webhook_deliveries");
    }

    [Fact]
    public Task A_claim_does_not_walk_what_is_due() => AssertByKeyAsync(ClaimDeliveries.Sql, parameters =>
    {
        parameters.AddKeys(Batch);
        parameters.Add(new() { Value = "worker-a" });
        parameters.Add(new() { Value = 60.0 });
        parameters.Add(new() { Value = DeliveryTransitions.MaxLostClaims });
        parameters.Add(new() { Value = "poison" });
    });

    [Fact]
    public Task Giving_back_does_not_walk_what_is_pending() => AssertByKeyAsync(ReturnClaims.Sql, parameters =>
    {
        parameters.AddKeys(Batch);
        parameters.AddArray(NpgsqlDbType.Bigint, Batch, _ => 1L);
        parameters.AddArray(NpgsqlDbType.Double, Batch, _ => 1.0);
        parameters.AddArray(NpgsqlDbType.Text, Batch, _ => "circuit");
        parameters.Add(new() { Value = 86400.0 });
        parameters.Add(new() { Value = "expired" });
        parameters.AddArray(NpgsqlDbType.Text, Batch, _ => (string?)null);
    });

    [Fact]
    public Task Due_times_are_not_looked_for_among_all_that_is_pending() => AssertByKeyAsync(FindDueTimes.Sql, parameters => parameters.AddKeys(Batch));

    private async Task AssertByKeyAsync(string sql, Action<NpgsqlParameterCollection> fill)
    {
        await using var command = Database.DataSource.CreateCommand("EXPLAIN " + sql);
        fill(command.Parameters);
        var text = await command.ReadPlanAsync();
        Assert.DoesNotContain(DueIndex, text, StringComparison.Ordinal);
        Assert.Contains("pk_webhook_deliveries", text, StringComparison.Ordinal);
    }
}
