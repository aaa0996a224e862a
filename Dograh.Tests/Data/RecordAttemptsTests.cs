using Dograh.Tests.Support;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Npgsql;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Data;

public sealed class RecordAttemptsTests(TestServers servers) : DatabaseTest(servers)
{
    private const string Worker = "worker-a";
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_success_is_recorded_with_its_attempt()
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery().WithAttempts(1)));
        var startedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

        var written = await RecordAsync(ASuccess(claim) with
        {
            TraceId = "0af7651916cd43dd8448eb211c80319c",
            Attempt = new AttemptResult.Attempted
            {
                StatusCode = 202,
                StartedAt = startedAt,
                Duration = TimeSpan.FromMilliseconds(12.25),
                ResponseHeaders = """{"Content-Type":"text/plain"}""",
                ResponseBody = "thanks",
            },
        });

        Assert.Equal([claim.Key], written.Keys);
        var row = await Database.DeliveryAsync(claim.Key);
        Assert.Equal((DeliveryStatus.Succeeded, 2, 202), (row.Status, row.AttemptCount, row.LastStatusCode));
        Assert.Equal((null, null, row.UpdatedAt), (row.LeasedBy, row.LastError, row.DeliveredAt));
        Assert.Equivalent(
            new DeliveryAttempt
            {
                OrganizationId = claim.Key.OrganizationId,
                DeliveryId = claim.Key.Id,
                Number = 2,
                StartedAt = startedAt,
                DurationMs = 12.25,
                StatusCode = 202,
                ResponseHeaders = """{"Content-Type":"text/plain"}""",
                ResponseBody = "thanks",
                TraceId = "0af7651916cd43dd8448eb211c80319c",
                Worker = Worker,
            },
            (await Database.AttemptsAsync(claim.Key))[1], strict: true);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_retry_is_due_after_its_backoff_by_the_databases_clock()
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery()));

        var written = await RecordAsync(ARetry(claim, delaySeconds: 33.25));

        var row = await Database.DeliveryAsync(claim.Key);
        Assert.Equal((DeliveryStatus.Pending, 1, 503), (row.Status, row.AttemptCount, row.LastStatusCode));
        Assert.Equal((null, "HTTP 503: busy", null), (row.LeasedBy, row.LastError, row.DeliveredAt));
        Assert.Equal(33.25, (row.ScheduledFor - row.UpdatedAt).TotalSeconds, precision: 4);
        Assert.Equal(row.ScheduledFor, written[claim.Key].DueAt);
    }

    [Fact]
    public async Task A_dead_letter_is_recorded_with_its_attempt_and_its_reason()
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery()));

        await RecordAsync(ADeadLetter(claim));

        var row = await Database.DeliveryAsync(claim.Key);
        Assert.Equal((DeliveryStatus.DeadLetter, 1, 410, "HTTP 410: gone"), (row.Status, row.AttemptCount, row.LastStatusCode, row.LastError));
        Assert.Null(row.LeasedBy);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_dead_letter_without_an_attempt_counts_none_and_keeps_the_last_status_code()
    {
        var key = await Database.AddAsync(ADelivery().WithAttempts(2));
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET last_status_code = 503");
        var claim = await ClaimAsync(key);

        await RecordAsync(ADeadLetter(claim) with { Attempt = null, Error = "credential not found" });

        var row = await Database.DeliveryAsync(key);
        Assert.Equal((DeliveryStatus.DeadLetter, 2, 503, "credential not found"), (row.Status, row.AttemptCount, row.LastStatusCode, row.LastError));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_retry_or_a_dead_letter_of_an_earlier_claim_is_not_recorded()
    {
        var key = await Database.AddAsync(ADelivery());
        var earlier = await ClaimAsync(key);
        await EndLeaseAsync(key);
        var current = await ClaimAsync(key);

        Assert.Empty(await RecordAsync(ARetry(earlier)));
        Assert.Empty(await RecordAsync(ADeadLetter(earlier)));
        Assert.Empty(await Database.AttemptsAsync(key));
        Assert.Single(await RecordAsync(ARetry(current)));
        await Database.AssertConservedAsync();
    }

    [Theory]
    [InlineData(DeliveryStatus.Pending)]
    [InlineData(DeliveryStatus.DeadLetter)]
    public async Task An_outcome_is_recorded_once_only(DeliveryStatus status)
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery()));
        Assert.Single(await RecordAsync(ARetry(claim) with { Status = status }));
        await EndLeaseAsync(claim.Key);

        // The claim is still the latest one, but its outcome is in: whatever came twice must not count twice.
        var second = await RecordAsync(ARetry(claim) with { Status = status });

        Assert.Empty(second);
        Assert.Equal(1, (await Database.DeliveryAsync(claim.Key)).AttemptCount);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_claim_from_before_a_cancellation_and_a_replay_records_no_failure()
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery()));
        await MoveToAsync(claim.Key, DeliveryStatus.Cancelled);
        await MoveToAsync(claim.Key, DeliveryStatus.Pending);

        Assert.Empty(await RecordAsync(ADeadLetter(claim)));
        Assert.Empty(await RecordAsync(ARetry(claim)));
        Assert.Equal((DeliveryStatus.Pending, 0), Told(await Database.DeliveryAsync(claim.Key)));
    }

    [Theory]
    [InlineData(DeliveryStatus.Succeeded)]
    [InlineData(DeliveryStatus.DeadLetter)]
    [InlineData(DeliveryStatus.Cancelled)]
    public async Task A_failure_never_leaves_a_final_state(DeliveryStatus status)
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery()));
        await MoveToAsync(claim.Key, status);

        Assert.Empty(await RecordAsync(ARetry(claim)));
        Assert.Empty(await RecordAsync(ADeadLetter(claim)));
        Assert.Equal((status, 0), Told(await Database.DeliveryAsync(claim.Key)));
    }

    [Theory]
    [InlineData(DeliveryStatus.Pending)]
    [InlineData(DeliveryStatus.DeadLetter)]
    [InlineData(DeliveryStatus.Cancelled)]
    public async Task A_success_is_recorded_from_any_state_and_without_a_token(DeliveryStatus status)
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery()));
        await MoveToAsync(claim.Key, status);

        Assert.Single(await RecordAsync(ASuccess(claim) with { Token = 99 }));

        Assert.Equal((DeliveryStatus.Succeeded, 1), Told(await Database.DeliveryAsync(claim.Key)));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_late_success_ends_the_claim_that_has_come_after_it()
    {
        var key = await Database.AddAsync(ADelivery());
        var earlier = await ClaimAsync(key);
        await EndLeaseAsync(key);
        var later = await ClaimAsync(key);

        Assert.Single(await RecordAsync(ASuccess(earlier)));
        Assert.Empty(await RecordAsync(ARetry(later)));
        Assert.Empty(await RecordAsync(ADeadLetter(later)));

        Assert.Equal((DeliveryStatus.Succeeded, 1), Told(await Database.DeliveryAsync(key)));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_late_success_after_the_last_attempt_has_a_number_of_its_own_and_keeps_the_count_within_the_maximum()
    {
        var key = await Database.AddAsync(ADelivery().WithAttempts(1).AtMost(2));
        var earlier = await ClaimAsync(key);
        await EndLeaseAsync(key);
        Assert.Single(await RecordAsync(ADeadLetter(await ClaimAsync(key))));

        Assert.Single(await RecordAsync(ASuccess(earlier)));

        var row = await Database.DeliveryAsync(key);
        Assert.Equal((DeliveryStatus.Succeeded, 3, 3), (row.Status, row.AttemptCount, row.MaxAttempts));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_second_success_is_not_recorded()
    {
        var key = await Database.AddAsync(ADelivery());
        var earlier = await ClaimAsync(key);
        await EndLeaseAsync(key);
        var later = await ClaimAsync(key);
        Assert.Single(await RecordAsync(ASuccess(later)));

        Assert.Empty(await RecordAsync(ASuccess(earlier)));
        Assert.Single(await Database.AttemptsAsync(key));
    }

    [Fact]
    public async Task A_batch_writes_what_it_may_and_leaves_out_what_it_may_not()
    {
        var keys = await Database.AddAsync(4, ADelivery());
        var claims = (await Database.Store.ClaimAsync(keys, Worker, Margin)).Claimed;
        await MoveToAsync(keys[3], DeliveryStatus.Cancelled);

        var written = await RecordAsync(ARetry(claims[3]), ADeadLetter(claims[2]), ASuccess(claims[1]), ARetry(claims[0]));

        Assert.Equal(keys.Take(3), written.Keys.Order());
        Assert.Equal(
            [DeliveryStatus.Pending, DeliveryStatus.Succeeded, DeliveryStatus.DeadLetter, DeliveryStatus.Cancelled],
            (await Database.DeliveriesAsync()).Select(row => row.Status));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task Of_outcomes_recorded_at_once_for_one_claim_one_is_written()
    {
        var claim = await ClaimAsync(await Database.AddAsync(ADelivery()));

        var written = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => RecordAsync(ARetry(claim))));

        Assert.Equal(1, written.Sum(batch => batch.Count));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task Batches_that_overlap_in_opposite_orders_all_get_through()
    {
        var keys = await Database.AddAsync(30, ADelivery());
        var claims = (await Database.Store.ClaimAsync(keys, Worker, Margin)).Claimed;

        for (var round = 0; round < 5; round++)
        {
            await Task.WhenAll(
                RecordAsync([.. claims.Select(claim => ARetry(claim))]),
                RecordAsync([.. claims.Reverse().Select(claim => ARetry(claim))]),
                Database.Store.ClaimAsync([.. keys.Reverse()], Worker, Margin));
        }

        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_batch_with_a_row_that_PostgreSQL_refuses_writes_nothing()
    {
        var keys = await Database.AddAsync(2, ADelivery());
        var claims = (await Database.Store.ClaimAsync(keys, Worker, Margin)).Claimed;
        var bad = ASuccess(claims[1]);

        var refusal = await Assert.ThrowsAsync<PostgresException>(() =>
            RecordAsync(ASuccess(claims[0]), bad with { Attempt = bad.Attempt! with { ResponseBody = "\0" } }));

        Assert.Equal("22021", refusal.SqlState);
        Assert.All(await Database.DeliveriesAsync(), row => Assert.Equal((DeliveryStatus.Pending, 0), Told(row)));
        await Database.AssertConservedAsync();
    }

    private static AttemptRecord ASuccess(ClaimedDelivery claim) => new()
    {
        Key = claim.Key,
        Token = claim.Token,
        Status = DeliveryStatus.Succeeded,
        Attempt = new AttemptResult.Attempted { StatusCode = 200, StartedAt = DateTimeOffset.UnixEpoch },
    };

    private static AttemptRecord ARetry(ClaimedDelivery claim, double delaySeconds = 30) => new()
    {
        Key = claim.Key,
        Token = claim.Token,
        Status = DeliveryStatus.Pending,
        DelaySeconds = delaySeconds,
        Attempt = new AttemptResult.Attempted { StatusCode = 503, Error = "HTTP 503: busy", StartedAt = DateTimeOffset.UnixEpoch },
        Error = "HTTP 503: busy",
    };

    private static AttemptRecord ADeadLetter(ClaimedDelivery claim) => new()
    {
        Key = claim.Key,
        Token = claim.Token,
        Status = DeliveryStatus.DeadLetter,
        Attempt = new AttemptResult.Attempted { StatusCode = 410, Error = "HTTP 410: gone", StartedAt = DateTimeOffset.UnixEpoch },
        Error = "HTTP 410: gone",
    };

    private static (DeliveryStatus Status, int Attempts) Told(WebhookDelivery delivery) => (delivery.Status, delivery.AttemptCount);

    private async Task<ClaimedDelivery> ClaimAsync(DeliveryKey key) => Assert.Single((await Database.Store.ClaimAsync([key], Worker, Margin)).Claimed);

    private Task<IReadOnlyDictionary<DeliveryKey, Recorded>> RecordAsync(params AttemptRecord[] records) =>
        Database.Store.RecordAsync(records, Worker, Token);

    private Task EndLeaseAsync(DeliveryKey key) => Database.ExecuteAsync(
        "UPDATE webhook_deliveries SET scheduled_for = now() - interval '1 second' WHERE organization_id = $1 AND id = $2", key.OrganizationId, key.Id);

    private Task MoveToAsync(DeliveryKey key, DeliveryStatus status) => Database.ExecuteAsync(
        """
        UPDATE webhook_deliveries
        SET status = $3, leased_by = CASE WHEN $3 = 'pending' THEN leased_by END, delivered_at = CASE WHEN $3 = 'succeeded' THEN now() END
        WHERE organization_id = $1 AND id = $2
        """,
        key.OrganizationId, key.Id, status);
}
