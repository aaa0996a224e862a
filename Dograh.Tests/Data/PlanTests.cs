using Dograh.Tests.Support;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Idempotency;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Tests.Data;

/// <summary>How PostgreSQL runs the hot statements once the tables are large: by which index, and never by reading a table through.</summary>
[Collection(nameof(LargeDatabase))]
public sealed class PlanTests(LargeDatabase seeded)
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

    [Theory]
    [InlineData(IdempotencyStore.FindSql, "bigint[], text[], text[], interval")]
    [InlineData(IdempotencyStore.CompleteSql, "bigint[], text[], text[], int[], text[]")]
    [InlineData(IdempotencyStore.ReleaseSql, "bigint[], text[], text[]")]
    [InlineData(IdempotencyStore.RemoveExpiredSql, "bigint[], text[], text[], interval")]
    public async Task Idempotency_keys_are_found_by_the_primary_key(string sql, string types)
    {
        var plan = await GenericPlan.ReadAsync(seeded.Database.DataSource, sql, types);

        AssertUses("pk_idempotency_keys", [plan]);
    }

    [Fact]
    public async Task Giving_back_finds_its_rows_by_the_primary_key()
    {
        var plan = await ExplainAsync(ReturnClaims.Sql, "bigint[], bigint[], bigint[], float8[], text[], float8, text, text[]", parameters =>
        {
            parameters.AddKeys(Batch);
            parameters.AddArray(NpgsqlDbType.Bigint, Batch, _ => 1L);
            parameters.AddArray(NpgsqlDbType.Double, Batch, _ => 1.0);
            parameters.AddArray(NpgsqlDbType.Text, Batch, _ => "circuit");
            parameters.Add(new() { Value = 86400.0 });
            parameters.Add(new() { Value = "expired" });
            parameters.AddArray(NpgsqlDbType.Text, Batch, _ => (string?)null);
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
        var plans = await ExplainFindDueAsync(DateTimeOffset.MinValue, 0, 0);

        AssertUses("ix_webhook_deliveries_due", plans);
        Assert.All(plans, plan => Assert.Contains("Index Only Scan", plan, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_later_page_of_what_is_due_is_a_walk_of_its_index_too()
    {
        var middle = await seeded.Database.ScalarAsync<DateTime>("SELECT now() - interval '1 hour'");

        AssertUses("ix_webhook_deliveries_due", await ExplainFindDueAsync(new DateTimeOffset(middle), 1, 1));
    }

    [Fact]
    public async Task What_is_in_no_list_is_a_walk_of_its_index_and_listed_by_the_primary_key()
    {
        AssertUses("ix_webhook_deliveries_unlisted", await ExplainAsync(ListDeliveries.FindSql, "int", parameters => parameters.Add(new() { Value = 1000 })));
        AssertUses("pk_webhook_deliveries", await ExplainAsync(ListDeliveries.InsertSql, "bigint[], bigint[]", parameters => parameters.AddKeys(Batch)));
        AssertUses("pk_webhook_deliveries", await ExplainAsync(ListDeliveries.MarkSql, "bigint[], bigint[]", parameters => parameters.AddKeys(Batch)));
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
        AssertUses("pk_oauth_tokens", plan);
    }

    [Fact]
    public async Task What_is_old_is_a_walk_of_the_listings_from_their_oldest_end()
    {
        var plans = await ExplainFindOldAsync(FindOldDeliveries.Sql);

        AssertUses("ix_webhook_delivery_listings_created_at", plans);
        Assert.All(plans, plan => Assert.Contains("Index Only Scan", plan, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Old_dead_letters_are_a_walk_of_the_index_of_what_is_parked() =>
        AssertUses("ix_webhook_deliveries_dead_letter", await ExplainFindOldAsync(FindOldDeliveries.DeadLettersSql));

    [Fact]
    public async Task Old_payloads_are_looked_for_along_the_listings()
    {
        var plans = await ExplainFindOldAsync(FindOldDeliveries.PayloadsSql);

        AssertUses("ix_webhook_delivery_listings_created_at", plans);
        AssertUses("pk_webhook_deliveries", plans);
    }

    [Theory]
    [InlineData(RemoveDeliveries.Sql)]
    [InlineData(RemoveDeliveries.PayloadsSql)]
    public async Task What_is_removed_is_found_by_the_primary_key(string sql)
    {
        var plans = await ExplainAsync(sql, "bigint, bigint[], webhook_delivery_status[], float8", parameters =>
        {
            parameters.Add(new() { Value = 1L });
            parameters.Add(new() { Value = Batch.Select(key => key.Id).ToArray() });
            parameters.AddStatuses([DeliveryStatus.Succeeded, DeliveryStatus.Cancelled], status => status);
            parameters.Add(new() { Value = 86400.0 });
        });

        Assert.All(plans, plan =>
        {
            Assert.Contains("pk_webhook_deliveries", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Old_runs_are_a_walk_of_their_primary_key_and_removed_by_it()
    {
        var found = await ExplainAsync(RemoveRuns.PageSql, "bigint, bigint, float8, int", parameters =>
        {
            parameters.Add(new() { Value = 1L });
            parameters.Add(new() { Value = 100L });
            parameters.Add(new() { Value = 86400.0 });
            parameters.Add(new() { Value = 500 });
        });
        var removed = await ExplainAsync(RemoveRuns.Sql, "bigint, bigint[], float8", parameters =>
        {
            parameters.Add(new() { Value = 1L });
            parameters.Add(new() { Value = Batch.Take(20).Select(key => key.Id).ToArray() });
            parameters.Add(new() { Value = 86400.0 });
        });

        Assert.All([.. found, .. removed], plan => Assert.Contains("pk_workflow_runs", plan, StringComparison.Ordinal));
        Assert.All(removed, plan => Assert.DoesNotContain("Seq Scan on webhook_deliveries", plan, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Signing_secrets_are_found_by_their_scope()
    {
        var plans = await ExplainAsync(ReadSigningSecrets.Sql, "bigint[], bigint[], text[], bigint[]", parameters =>
        {
            var few = Batch.Take(20).ToList();
            parameters.AddArray(NpgsqlDbType.Bigint, few, _ => 1L);
            parameters.AddArray(NpgsqlDbType.Bigint, few, key => key.Id);
            parameters.AddArray(NpgsqlDbType.Text, few, _ => "node-7");
            parameters.AddArray(NpgsqlDbType.Bigint, new long[] { 1, 2 }, id => id);
        });

        // What is found is a handful, and sorted by age.
        Assert.All(plans, plan =>
        {
            Assert.Contains("ix_signing_secrets_scope", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
        });
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

    private Task<IReadOnlyList<string>> ExplainFindOldAsync(string sql) =>
        ExplainAsync(sql, "bigint, timestamptz, bigint, float8, int", parameters =>
        {
            parameters.Add(new() { Value = 1L });
            parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = DateTimeOffset.MinValue });
            parameters.Add(new() { Value = 0L });
            parameters.Add(new() { Value = 3600.0 });
            parameters.Add(new() { Value = 500 });
        });

    // Both plans that a prepared statement may get: the one for these parameters, and the one for any.
    private async Task<IReadOnlyList<string>> ExplainAsync(string sql, string types, Action<NpgsqlParameterCollection> parameters)
    {
        await using var custom = seeded.Database.DataSource.CreateCommand($"EXPLAIN {sql}");
        parameters(custom.Parameters);
        return [await custom.ReadPlanAsync(), await GenericPlan.ReadAsync(seeded.Database.DataSource, sql, types)];
    }
}
