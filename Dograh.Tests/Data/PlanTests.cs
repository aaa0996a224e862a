using Dograh.Tests.Support;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Tests.Data;

/// <summary>How PostgreSQL runs the hot statements once the tables are large: by which index, and never by reading a table through.</summary>
public sealed class PlanTests(PlanTests.SeededDatabase seeded) : IClassFixture<PlanTests.SeededDatabase>
{
    private static readonly DeliveryKey[] Batch = [.. Enumerable.Range(1, 256).Select(n => new DeliveryKey(1, n * 37))];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_claim_finds_its_rows_by_the_primary_key()
    {
        var plan = await ExplainAsync(ClaimDeliveries.Sql, "bigint[], bigint[], text, float8, int, text", parameters =>
        {
            parameters.AddKeys(Batch);
            parameters.Add(new() { Value = "worker-a" });
            parameters.Add(new() { Value = 60.0 });
            parameters.Add(new() { Value = DeliveryTransitions.MaxLostClaims });
            parameters.Add(new() { Value = "poison" });
        });

        AssertUses("pk_webhook_deliveries", plan);
    }

    [Fact]
    public async Task Recording_finds_its_rows_by_the_primary_key()
    {
        var plan = await ExplainAsync(RecordAttempts.UpdateSql, "bigint[], bigint[], bigint[], webhook_delivery_status[], int[], float8[], int[], text[]", parameters =>
        {
            parameters.AddKeys(Batch);
            parameters.AddArray(NpgsqlDbType.Bigint, Batch, _ => 1L);
            parameters.AddStatuses(Batch, _ => DeliveryStatus.Succeeded);
            parameters.AddArray(NpgsqlDbType.Integer, Batch, _ => 1);
            parameters.AddArray(NpgsqlDbType.Double, Batch, _ => 1.0);
            parameters.AddArray(NpgsqlDbType.Integer, Batch, _ => 200);
            parameters.AddArray(NpgsqlDbType.Text, Batch, _ => "");
        });

        AssertUses("pk_webhook_deliveries", plan);
    }

    [Fact]
    public async Task Giving_back_finds_its_rows_by_the_primary_key()
    {
        var plan = await ExplainAsync(ReturnClaims.Sql, "bigint[], bigint[], bigint[], float8[], text[], float8, text", parameters =>
        {
            parameters.AddKeys(Batch);
            parameters.AddArray(NpgsqlDbType.Bigint, Batch, _ => 1L);
            parameters.AddArray(NpgsqlDbType.Double, Batch, _ => 1.0);
            parameters.AddArray(NpgsqlDbType.Text, Batch, _ => "circuit");
            parameters.Add(new() { Value = 86400.0 });
            parameters.Add(new() { Value = "expired" });
        });

        AssertUses("pk_webhook_deliveries", plan);
    }

    [Fact]
    public async Task Due_times_are_found_by_the_primary_key()
    {
        var plan = await ExplainAsync(FindDueTimes.Sql, "bigint[], bigint[]", parameters => parameters.AddKeys(Batch));

        AssertUses("pk_webhook_deliveries", plan);
    }

    [Fact]
    public async Task The_first_page_of_what_is_due_is_a_walk_of_its_index()
    {
        AssertUses("ix_webhook_deliveries_due", await ExplainFindDueAsync(DateTimeOffset.MinValue, 0, 0));
    }

    [Fact]
    public async Task A_later_page_of_what_is_due_is_a_walk_of_its_index_too()
    {
        var middle = await seeded.Database.ScalarAsync<DateTime>("SELECT now() - interval '1 hour'");

        AssertUses("ix_webhook_deliveries_due", await ExplainFindDueAsync(new DateTimeOffset(middle), 1, 1));
    }

    [Fact]
    public async Task Credentials_are_found_by_their_primary_key()
    {
        var plan = await ExplainAsync(ReadCredentials.Sql, "bigint[], uuid[]", parameters =>
        {
            // A batch names few credentials: an organization has one or two.
            var few = Batch.Take(20).ToList();
            parameters.AddArray(NpgsqlDbType.Bigint, few, _ => 1L);
            parameters.AddArray(NpgsqlDbType.Uuid, few, _ => Guid.CreateVersion7());
        });

        AssertUses("pk_external_credentials", plan);
    }

    private static void AssertUses(string index, IReadOnlyList<string> plans) => Assert.All(plans, plan =>
    {
        Assert.Contains(index, plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Sort", plan, StringComparison.Ordinal);
    });

    private Task<IReadOnlyList<string>> ExplainFindDueAsync(DateTimeOffset dueAt, long organizationId, long id) =>
        ExplainAsync(FindDueDeliveries.Sql, "timestamptz, bigint, bigint, int", parameters =>
        {
            parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = dueAt });
            parameters.Add(new() { Value = organizationId });
            parameters.Add(new() { Value = id });
            parameters.Add(new() { Value = 1000 });
        });

    // Both plans that a prepared statement may get: the one for these parameters, and the one for any.
    private async Task<IReadOnlyList<string>> ExplainAsync(string sql, string types, Action<NpgsqlParameterCollection> parameters)
    {
        await using var connection = await seeded.Database.DataSource.OpenConnectionAsync(Token);
        await using var custom = new NpgsqlCommand($"EXPLAIN {sql}", connection);
        parameters(custom.Parameters);
        await using var prepare = new NpgsqlCommand($"SET plan_cache_mode = force_generic_plan; PREPARE statement ({types}) AS {sql}", connection);
        await prepare.ExecuteNonQueryAsync(Token);
        var nulls = string.Join(", ", types.Split(',').Select(_ => "NULL"));
        await using var generic = new NpgsqlCommand($"EXPLAIN EXECUTE statement ({nulls})", connection);
        string[] plans = [await ReadAsync(custom), await ReadAsync(generic)];
        await using var tidy = new NpgsqlCommand("RESET plan_cache_mode; DEALLOCATE statement", connection);
        await tidy.ExecuteNonQueryAsync(Token);
        return plans;

        static async Task<string> ReadAsync(NpgsqlCommand explain)
        {
            var lines = new List<string>();
            await using var reader = await explain.ExecuteReaderAsync(Token);
            while (await reader.ReadAsync(Token)) lines.Add(reader.GetString(0));
            return string.Join('\n', lines);
        }
    }

    /// <summary>50,000 deliveries of 20 organizations, a third of them pending, with statistics.</summary>
    public sealed class SeededDatabase(TestServers servers) : IAsyncLifetime
    {
        public TestDatabase Database { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Database = await servers.RentDatabaseAsync();
            for (var n = 0; n < 20; n++) await Database.AddRunAsync(await Database.AddOrganizationAsync());
            await Database.ExecuteAsync(
                """
                INSERT INTO webhook_deliveries
                       (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, endpoint_url, endpoint_host, http_method,
                        payload, custom_headers, status, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds,
                        scheduled_for, delivered_at)
                SELECT r.organization_id, gen_random_uuid(), r.id, r.workflow_id, 'node-' || n, 'A webhook', 'https://crm.example/' || n, 'crm.example', 'POST',
                       repeat('x', 500), '[]', s.status, 5, 5, 30, 600, 30,
                       now() - n * interval '1 second', CASE WHEN s.status = 'succeeded' THEN now() END
                FROM generate_series(1, 50000) n
                JOIN workflow_runs r ON r.id = 1 + n % 20
                CROSS JOIN LATERAL (SELECT (ARRAY['pending', 'succeeded', 'dead_letter'])[1 + n % 3]::webhook_delivery_status AS status) s
                """);
            await Database.ListDeliveriesAsync();
            await Database.ExecuteAsync(
                """
                INSERT INTO external_credentials (organization_id, uuid, name, credential_type, encrypted_data, is_active)
                SELECT 1 + n % 20, gen_random_uuid(), 'A credential', 'none', decode(repeat('00', 300), 'hex'), true FROM generate_series(1, 20000) n
                """);
            await Database.ExecuteAsync("ANALYZE");
        }

        public ValueTask DisposeAsync() => Database.DisposeAsync();
    }
}
