using Dograh.Tests.Support;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Retention;
using Microsoft.Extensions.Options;
using Npgsql;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Retention;

public sealed class RetentionStoreTests(TestServers servers) : DatabaseTest(servers)
{
    private static readonly TimeSpan Old = TimeSpan.FromDays(30.01);
    private static readonly TimeSpan Young = TimeSpan.FromDays(29.99);
    private static readonly TimeSpan OldForADeadLetter = TimeSpan.FromDays(90.01);

    [Theory]
    [InlineData(DeliveryStatus.Succeeded)]
    [InlineData(DeliveryStatus.Cancelled)]
    public async Task A_delivery_that_ended_long_enough_ago_goes_with_its_attempts_its_listing_and_its_run(DeliveryStatus status)
    {
        var removed = await Database.AddAsync(ADelivery().Of(await AnOldRunAsync()).In(status).EndedAgo(Old).WithAttempts(2));
        var kept = await Database.AddAsync(ADelivery().Of(await AnOldRunAsync()).In(status).EndedAgo(Young).WithAttempts(2));

        Assert.Equal(new RemovedRows(1, 0, 1), await RemoveAsync());

        Assert.Equal(kept.Id, Assert.Single(await Database.DeliveriesAsync()).Id);
        Assert.Empty(await Database.AttemptsAsync(removed));
        Assert.Equal(2, (await Database.AttemptsAsync(kept)).Count);
        Assert.Equal([kept.Id], await Database.ColumnAsync<long>("SELECT id FROM webhook_delivery_listings"));
        Assert.Equal(1, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs"));
        Assert.Equal(default, await RemoveAsync());
    }

    [Fact]
    public async Task Dead_letters_are_kept_for_longer()
    {
        await Database.AddAsync(ADelivery().In(DeliveryStatus.DeadLetter).EndedAgo(OldForADeadLetter));
        var kept = await Database.AddAsync(ADelivery().In(DeliveryStatus.DeadLetter).EndedAgo(Old));

        Assert.Equal(1, (await RemoveAsync()).Deliveries);

        Assert.Equal(kept.Id, Assert.Single(await Database.DeliveriesAsync()).Id);
    }

    [Fact]
    public async Task What_is_pending_is_kept_however_old_it_is()
    {
        await Database.AddAsync(ADelivery().EndedAgo(OldForADeadLetter));
        await Database.AddAsync(ADelivery().EndedAgo(OldForADeadLetter).LeftBy("worker-a"));

        Assert.Equal(default, await RemoveAsync(new RetentionOptions { Days = 1, DeadLetterDays = 1, PayloadDays = 1 }));
    }

    [Fact]
    public async Task Age_is_counted_from_the_end_and_not_from_the_beginning()
    {
        await Database.AddAsync(ADelivery().In(DeliveryStatus.Succeeded).EndedAgo(Young).CreatedAgo(Old * 5));
        await Database.AddAsync(ADelivery().In(DeliveryStatus.DeadLetter).EndedAgo(Old).CreatedAgo(Old * 5));

        Assert.Equal(default, await RemoveAsync());
    }

    [Fact]
    public async Task Zero_days_keep_for_ever()
    {
        await Database.AddAsync(ADelivery().Of(await AnOldRunAsync()).In(DeliveryStatus.Succeeded).EndedAgo(Old * 10));
        await Database.AddAsync(ADelivery().In(DeliveryStatus.DeadLetter).EndedAgo(Old * 10));

        Assert.Equal(default, await RemoveAsync(new RetentionOptions { Days = 0, DeadLetterDays = 0 }));
    }

    [Fact]
    public async Task The_audit_log_is_kept_for_ever_unless_a_setting_says_otherwise()
    {
        var organization = await Database.AddOrganizationAsync();
        await Database.ExecuteAsync(
            """
            INSERT INTO audit_events (organization_id, id, created_at, actor, action, resource_type, details)
            SELECT $1, gen_random_uuid(), now() - n * interval '1 hour', 'operator', 'quotas.updated', 'quotas', '{}' FROM generate_series(1, 1300) n
            """,
            organization);

        Assert.Equal(default, await RemoveAsync());
        Assert.Equal(new RemovedRows { AuditEvents = 1277 }, await RemoveAsync(new RetentionOptions { AuditDays = 0.999 }));

        Assert.Equal(23, await Database.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE created_at > now() - interval '1 day'"));
        Assert.Equal(23, await Database.ScalarAsync<long>("SELECT count(*) FROM audit_events"));
    }

    [Fact]
    public async Task Days_may_be_fractions()
    {
        await Database.AddAsync(ADelivery().In(DeliveryStatus.Succeeded).EndedAgo(TimeSpan.FromSeconds(20)));
        await Database.AddAsync(ADelivery().In(DeliveryStatus.Succeeded));

        Assert.Equal(1, (await RemoveAsync(new RetentionOptions { Days = 10 / 86_400.0 })).Deliveries);
    }

    [Fact]
    public async Task A_run_stays_while_it_has_a_delivery_or_is_not_completed_or_is_young()
    {
        var withDeadLetter = await AnOldRunAsync();
        await Database.AddAsync(ADelivery().Of(withDeadLetter).In(DeliveryStatus.DeadLetter).EndedAgo(Old));
        await Database.AddAsync(ADelivery().Of(withDeadLetter).In(DeliveryStatus.Succeeded).EndedAgo(Old));
        var running = await AnOldRunAsync();
        await Database.ExecuteAsync("UPDATE workflow_runs SET status = 'running', completed_at = NULL WHERE id = $1", running.Id);
        var completedLate = await AnOldRunAsync();
        await Database.ExecuteAsync("UPDATE workflow_runs SET completed_at = now() WHERE id = $1", completedLate.Id);
        var withoutNodes = await AnOldRunAsync();

        Assert.Equal(new RemovedRows(1, 0, 1), await RemoveAsync());

        Assert.DoesNotContain(withoutNodes.Id, await Database.ColumnAsync<long>("SELECT id FROM workflow_runs"));
        Assert.Equal(3, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs"));
    }

    [Fact]
    public async Task Payloads_that_are_to_go_earlier_go_alone_and_leave_the_delivery_as_it_is()
    {
        var succeeded = await Database.AddAsync(ADelivery().In(DeliveryStatus.Succeeded).EndedAgo(Young).WithAttempts(1));
        var young = await Database.AddAsync(ADelivery().In(DeliveryStatus.Succeeded).EndedAgo(TimeSpan.FromDays(1)));
        var deadLetter = await Database.AddAsync(ADelivery().In(DeliveryStatus.DeadLetter).EndedAgo(Young));
        var pending = await Database.AddAsync(ADelivery().EndedAgo(Young));
        var before = await Database.DeliveryAsync(succeeded);

        Assert.Equal(new RemovedRows(0, 1, 0), await RemoveAsync(new RetentionOptions { PayloadDays = 7 }));

        before.Payload = null;
        Assert.Equivalent(before, await Database.DeliveryAsync(succeeded), strict: true);
        Assert.Single(await Database.AttemptsAsync(succeeded));
        foreach (var kept in (DeliveryKey[])[young, deadLetter, pending]) Assert.NotNull((await Database.DeliveryAsync(kept)).Payload);
    }

    [Fact]
    public async Task A_payload_that_was_not_to_go_yet_goes_the_next_time_although_later_ones_have_gone_before_it()
    {
        var store = Store(new RetentionOptions { PayloadDays = 7 });
        var first = await Database.AddAsync(ADelivery().In(DeliveryStatus.Succeeded).EndedAgo(TimeSpan.FromDays(8)).CreatedAgo(TimeSpan.FromDays(20)));
        var late = await Database.AddAsync(ADelivery().CreatedAgo(TimeSpan.FromDays(19)));
        var second = await Database.AddAsync(ADelivery().In(DeliveryStatus.Succeeded).EndedAgo(TimeSpan.FromDays(8)));

        Assert.Equal(2, (await RemoveAsync(store)).Payloads);
        await Database.ExecuteAsync(
            "UPDATE webhook_deliveries SET status = 'succeeded', delivered_at = now(), updated_at = now() - interval '8 days' WHERE id = $1", late.Id);
        var third = await Database.AddAsync(ADelivery().In(DeliveryStatus.Cancelled).EndedAgo(TimeSpan.FromDays(7.5)));
        Assert.Equal(2, (await RemoveAsync(store)).Payloads);

        foreach (var key in (DeliveryKey[])[first, late, second, third]) Assert.Null((await Database.DeliveryAsync(key)).Payload);
        Assert.Equal(default, await RemoveAsync(store));
    }

    [Fact]
    public async Task A_delivery_without_its_payload_cannot_become_pending()
    {
        var key = await Database.AddAsync(ADelivery().In(DeliveryStatus.Succeeded).EndedAgo(Young));
        await RemoveAsync(new RetentionOptions { PayloadDays = 1 });

        await using (var connection = await Database.DataSource.OpenConnectionAsync(Token))
        {
            Assert.Empty(await ReplayDeliveries.ExecuteAsync(connection, key.OrganizationId, [(key.Id, 0)], ReplayDeliveries.Replayable, Token));
        }

        var refusal = await Assert.ThrowsAsync<PostgresException>(() =>
            Database.ExecuteAsync("UPDATE webhook_deliveries SET status = 'pending', delivered_at = NULL"));
        Assert.Equal("ck_webhook_deliveries_payload", refusal.ConstraintName);
    }

    [Fact]
    public async Task Each_batch_is_small_and_a_transaction_of_its_own()
    {
        await AddOldAsync(1200);
        var batches = new List<RemovedRows>();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store().RemoveAsync(
            batch =>
            {
                batches.Add(batch);
                stopping.Cancel();
            },
            stopping.Token));

        // What the first one removed is gone, and a worker that stops does not begin another.
        Assert.Equal([new RemovedRows(RetentionStore.BatchSize, 0, 0)], batches);
        Assert.Equal(1200 - RetentionStore.BatchSize, (await Database.DeliveriesAsync()).Count);

        batches.Clear();
        await Store().RemoveAsync(batches.Add, Token);

        Assert.Equal([500, 200], batches.Select(batch => batch.Deliveries));
        Assert.Empty(await Database.DeliveriesAsync());
    }

    [Fact]
    public async Task What_is_kept_among_what_is_old_does_not_stop_it()
    {
        var kept = await AddOldAsync(600, DeliveryStatus.DeadLetter);
        await AddOldAsync(600);

        Assert.Equal(600, (await RemoveAsync()).Deliveries);
        Assert.Equal(kept, (await Database.DeliveriesAsync()).Select(row => row.OrganizationId).Distinct().Single());
    }

    [Fact]
    public async Task It_waits_for_nobody_and_a_delivery_that_is_replayed_at_that_moment_stays()
    {
        var key = await Database.AddAsync(ADelivery().In(DeliveryStatus.Succeeded).EndedAgo(Old));
        await Database.AddAsync(ADelivery().In(DeliveryStatus.Succeeded).EndedAgo(Old));
        await using var connection = await Database.DataSource.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        Assert.Single(await ReplayDeliveries.ExecuteAsync(connection, key.OrganizationId, [(key.Id, 0)], ReplayDeliveries.Replayable, Token));

        Assert.Equal(1, (await RemoveAsync().Soon()).Deliveries);
        await transaction.CommitAsync(Token);

        Assert.Equal(0, (await RemoveAsync()).Deliveries);
        Assert.Equal(DeliveryStatus.Pending, (await Database.DeliveryAsync(key)).Status);
    }

    [Fact]
    public async Task Of_replaying_and_removing_at_once_each_delivery_has_one_or_the_other()
    {
        var organization = await AddOldAsync(1500);
        var ids = await Database.ColumnAsync<long>("SELECT id FROM webhook_deliveries ORDER BY id");

        var removing = RemoveAsync();
        var replayed = new List<DeliveryKey>();
        // From the other end, so that the two meet.
        foreach (var chunk in ids.Reverse().Chunk(50))
        {
            await using var connection = await Database.DataSource.OpenConnectionAsync(Token);
            var rows = await ReplayDeliveries.ExecuteAsync(
                connection, organization, [.. chunk.Select(id => (id, 0.0))], ReplayDeliveries.Replayable, Token);
            replayed.AddRange(rows.Select(row => row.Key));
            await Database.Store.ClaimAsync([.. rows.Select(row => row.Key)], "worker-a", TimeSpan.FromMinutes(1));
        }

        var removed = await removing;

        Assert.Equal(ids.Count, replayed.Count + removed.Deliveries);
        Assert.Equal(replayed.Select(key => key.Id).Order(), (await Database.DeliveriesAsync()).Select(row => row.Id));
        Assert.All(await Database.DeliveriesAsync(), row => Assert.Equal((DeliveryStatus.Pending, "worker-a"), (row.Status, row.LeasedBy)));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task An_organizations_turn_touches_no_other_organizations_rows()
    {
        var key = await Database.AddAsync(ADelivery().Of(await AnOldRunAsync()).In(DeliveryStatus.Succeeded).EndedAgo(Old));
        var stranger = await Database.AddOrganizationAsync();
        await using var connection = await Database.DataSource.OpenConnectionAsync(Token);

        foreach (var sql in (string[])[RemoveDeliveries.Sql, RemoveDeliveries.PayloadsSql])
        {
            Assert.Empty(await RemoveDeliveries.ExecuteAsync(connection, sql, stranger, [key.Id], [DeliveryStatus.Succeeded], TimeSpan.Zero, Token));
        }

        var run = (await Database.DeliveryAsync(key)).WorkflowRunId;
        await Database.ExecuteAsync("DELETE FROM webhook_deliveries");
        Assert.Equal(0, await RemoveRuns.ExecuteAsync(connection, stranger, [run], TimeSpan.Zero, Token));
        Assert.Equal(1, await RemoveRuns.ExecuteAsync(connection, key.OrganizationId, [run], TimeSpan.Zero, Token));
    }

    [Fact]
    public async Task One_at_a_time_removes()
    {
        await AddOldAsync(600);
        await using var other = new TestDatabase(Database.ConnectionString);
        var rival = new RetentionStore(other.DataSource, Options.Create(new RetentionOptions()), TimeProvider.System);
        Task<RemovedRows?>? second = null;

        var first = await Store().RemoveAsync(_ => second ??= rival.RemoveAsync(_ => { }, Token), Token);

        Assert.Equal(600, first!.Value.Deliveries);
        Assert.Null(await second!.Soon());
        Assert.NotNull(await rival.RemoveAsync(_ => { }, Token));
    }

    private RetentionStore Store(RetentionOptions? options = null) =>
        new(Database.DataSource, Options.Create(options ?? new RetentionOptions()), TimeProvider.System);

    private Task<RemovedRows> RemoveAsync(RetentionOptions? options = null) => RemoveAsync(Store(options));

    private static async Task<RemovedRows> RemoveAsync(RetentionStore store) => (await store.RemoveAsync(_ => { }, Token))!.Value;

    private async Task<ARun> AnOldRunAsync()
    {
        var run = await Database.AddRunAsync(await Database.AddOrganizationAsync());
        await Database.ExecuteAsync("UPDATE workflow_runs SET created_at = now() - $2, completed_at = now() - $2 WHERE id = $1", run.Id, Old * 10);
        return run;
    }

    // Of an organization of their own, in one run of today.
    private async Task<long> AddOldAsync(int count, DeliveryStatus status = DeliveryStatus.Succeeded)
    {
        var key = await Database.AddAsync(ADelivery().In(status).EndedAgo(Old));
        await Database.ExecuteAsync(
            """
            INSERT INTO webhook_deliveries
                   (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, endpoint_url, endpoint_host, http_method,
                    payload, custom_headers, status, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds, created_at,
                    updated_at, delivered_at)
            SELECT organization_id, gen_random_uuid(), workflow_run_id, workflow_id, 'node-' || n, webhook_name, endpoint_url, endpoint_host, http_method,
                   payload, custom_headers, status, 5, 5, 1, 1, 10, created_at + n * interval '1 ms', updated_at, delivered_at
            FROM webhook_deliveries, generate_series(2, $1) n WHERE organization_id = $2 AND id = $3
            """,
            count, key.OrganizationId, key.Id);
        await Database.ListDeliveriesAsync();
        return key.OrganizationId;
    }
}
