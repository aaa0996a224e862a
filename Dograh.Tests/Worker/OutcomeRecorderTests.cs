using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Worker;

public sealed class OutcomeRecorderTests(TestServers servers) : WorkerTest(servers)
{
    [Fact]
    public async Task A_retry_is_recorded_and_put_into_the_queue_for_its_new_due_time()
    {
        var (worker, recorder) = await ComposeAsync();
        var claim = await ClaimAsync(worker);

        await RecordAllAsync(recorder, AnAttempt(claim, DeliveryStatus.Pending, 503) with { DelaySeconds = 90 });

        var row = await Database.DeliveryAsync(claim.Key);
        Assert.Equal((DeliveryStatus.Pending, 1), (row.Status, row.AttemptCount));
        Assert.Equal(1, await Queue.CountAsync());
        Assert.Equal([claim.Key], (await Queue.TakeAsync(10, row.ScheduledFor.AddMilliseconds(1))).Keys);
    }

    [Fact]
    public async Task What_has_ended_is_recorded_and_not_put_into_the_queue()
    {
        var (worker, recorder) = await ComposeAsync();
        var delivered = await ClaimAsync(worker);
        var dead = await ClaimAsync(worker);

        await RecordAllAsync(recorder, AnAttempt(delivered, DeliveryStatus.Succeeded, 200), AnAttempt(dead, DeliveryStatus.DeadLetter, 404));

        Assert.Equal([DeliveryStatus.Succeeded, DeliveryStatus.DeadLetter], (await Database.DeliveriesAsync()).Select(row => row.Status));
        Assert.Equal(0, await Queue.CountAsync());
    }

    [Fact]
    public async Task A_claim_given_back_is_put_into_the_queue_for_its_new_due_time()
    {
        var (worker, recorder) = await ComposeAsync();
        var claim = await ClaimAsync(worker);
        var outcome = new DeliveryOutcome(claim, Record: null, new ReturnedClaim(claim.Key, claim.Token, 60, WaitingReason.Circuit));

        await RecordAllAsync(recorder, outcome);

        Assert.Equal(WaitingReason.Circuit, (await Database.DeliveryAsync(claim.Key)).WaitingFor);
        Assert.Equal(1, await Queue.CountAsync());
    }

    public static TheoryData<string, string> WhatPostgreSqlRefuses => new()
    {
        { "body", "a NUL \0 in it" },
        { "headers", "{ not JSON" },
        { "headers", """{"a":"\u0000"}""" },
        { "error", "a NUL \0 in it" },
        { "body", "half a surrogate pair \ud83c" },
        { "error", "half a surrogate pair \ud83c" },
    };

    [Theory]
    [MemberData(nameof(WhatPostgreSqlRefuses))]
    public async Task One_row_that_cannot_be_stored_does_not_keep_the_others_from_being_recorded_nor_its_own_outcome(string where, string what)
    {
        var (worker, recorder) = await ComposeAsync();
        var claims = new List<ClaimedDelivery>();
        for (var n = 0; n < 7; n++) claims.Add(await ClaimAsync(worker));
        var records = claims.ConvertAll(claim => AnAttempt(claim, DeliveryStatus.Succeeded, 200));
        var attempt = records[4].Attempt! with
        {
            ResponseBody = where == "body" ? what : "ok", ResponseHeaders = where == "headers" ? what : "{}", Error = where == "error" ? what : null,
        };
        records[4] = records[4] with { Attempt = attempt, Error = attempt.Error };

        await RecordAllAsync(recorder, [.. records]);

        Assert.All(await Database.DeliveriesAsync(), row => Assert.Equal((DeliveryStatus.Succeeded, 1), (row.Status, row.AttemptCount)));
        Assert.Equal(200, Assert.Single(await Database.AttemptsAsync(claims[4].Key)).StatusCode);
        await Database.AssertConservedAsync();
    }

    [Theory]
    [MemberData(nameof(ReasonsPostgreSqlRefuses))]
    public async Task One_claim_whose_reason_cannot_be_stored_does_not_keep_the_others_from_being_given_back_nor_a_retry_from_the_queue(string reason)
    {
        var (worker, recorder) = await ComposeAsync();
        var outcomes = new List<DeliveryOutcome>();
        for (var n = 0; n < 7; n++)
        {
            var claim = await ClaimAsync(worker);
            outcomes.Add(new DeliveryOutcome(
                claim, Record: null, new ReturnedClaim(claim.Key, claim.Token, 60, WaitingReason.Credential, n == 4 ? reason : "no token")));
        }

        var retried = await ClaimAsync(worker);
        outcomes.Add(new DeliveryOutcome(retried, AnAttempt(retried, DeliveryStatus.Pending, 503) with { DelaySeconds = 90 }, Return: null));

        await RecordAllAsync(recorder, [.. outcomes]);

        var rows = await Database.DeliveriesAsync();
        Assert.All(rows, row => Assert.Null(row.LeasedBy));
        Assert.Equal(
            ["no token", "no token", "no token", "no token", "what went wrong cannot be stored", "no token", "no token", null], rows.Select(row => row.LastError));
        Assert.All(rows.Take(7), row => Assert.Equal((DeliveryStatus.Pending, WaitingReason.Credential), (row.Status, row.WaitingFor)));
        Assert.Equal(8, await Queue.CountAsync());
        await Database.AssertConservedAsync();
    }

    public static TheoryData<string> ReasonsPostgreSqlRefuses => [new string('x', WebhookDelivery.MaxErrorLength + 1), "a NUL \0 in it", "half a surrogate pair \ud83c"];

    [Fact]
    public async Task What_another_session_keeps_locked_is_recorded_or_given_back_once_it_is_free_and_all_else_at_once()
    {
        var (worker, recorder) = await ComposeAsync();
        var outcomes = new List<DeliveryOutcome>();
        for (var n = 0; n < 4; n++)
        {
            var claim = await ClaimAsync(worker);
            outcomes.Add(n % 2 == 0
                ? new DeliveryOutcome(claim, AnAttempt(claim, DeliveryStatus.Succeeded, 200), Return: null)
                : new DeliveryOutcome(claim, Record: null, new ReturnedClaim(claim.Key, claim.Token, 60, WaitingReason.Circuit)));
        }

        Task recording;
        await using (await HeldTransaction.BeginAsync(
            Database, $"UPDATE webhook_deliveries SET updated_at = now() WHERE id IN ({outcomes[0].Delivery.Key.Id}, {outcomes[1].Delivery.Key.Id})"))
        {
            recording = RecordAllAsync(recorder, [.. outcomes]);
            await Eventually.TrueAsync(async () => (await Database.DeliveriesAsync()).Count(row => row.LeasedBy is null) == 2);
            Assert.False(recording.IsCompleted);
            Assert.Equal([true, true, false, false], (await Database.DeliveriesAsync()).Select(row => row.LeasedBy is not null));
        }

        await recording;
        Assert.Equal(
            [(DeliveryStatus.Succeeded, null), (DeliveryStatus.Pending, WaitingReason.Circuit), (DeliveryStatus.Succeeded, null), (DeliveryStatus.Pending, WaitingReason.Circuit)],
            (await Database.DeliveriesAsync()).Select(row => (row.Status, row.WaitingFor)));
        Assert.False(worker.Log.Has("claim.lost"));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_dead_letter_whose_reason_cannot_be_stored_is_a_dead_letter_all_the_same()
    {
        var (worker, recorder) = await ComposeAsync();
        var claim = await ClaimAsync(worker);

        await RecordAllAsync(recorder, new AttemptRecord { Key = claim.Key, Token = claim.Token, Status = DeliveryStatus.DeadLetter, Error = "NUL \0" });

        var row = await Database.DeliveryAsync(claim.Key);
        Assert.Equal((DeliveryStatus.DeadLetter, "what went wrong cannot be stored"), (row.Status, row.LastError));
    }

    [Fact]
    public async Task Two_outcomes_of_one_delivery_are_recorded_one_after_the_other()
    {
        var (worker, recorder) = await ComposeAsync();
        var earlier = await ClaimAsync(worker);
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET scheduled_for = now() - interval '1 second'");
        var later = Assert.Single((await Database.Store.ClaimAsync([earlier.Key], worker.Name, TimeSpan.FromMinutes(1))).Claimed);

        await RecordAllAsync(
            recorder, AnAttempt(later, DeliveryStatus.DeadLetter, 404), AnAttempt(earlier, DeliveryStatus.Succeeded, 200), AnAttempt(later, DeliveryStatus.Pending, 503));

        Assert.Equal(DeliveryStatus.Succeeded, (await Database.DeliveryAsync(earlier.Key)).Status);
        Assert.Equal([404, 200], (await Database.AttemptsAsync(earlier.Key)).Select(attempt => attempt.StatusCode!.Value));
        Assert.True(worker.Log.Has("claim.lost"));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task Hundreds_of_outcomes_are_recorded_in_batches()
    {
        var (worker, recorder) = await ComposeAsync();
        var keys = await Database.AddAsync(300, ADelivery());
        var claims = (await Database.Store.ClaimAsync(keys, worker.Name, TimeSpan.FromMinutes(1))).Claimed;

        await RecordAllAsync(recorder, [.. claims.Select(claim => AnAttempt(claim, DeliveryStatus.Succeeded, 200))]);

        Assert.All(await Database.DeliveriesAsync(), row => Assert.Equal((DeliveryStatus.Succeeded, 1), (row.Status, row.AttemptCount)));
    }

    [Fact]
    public async Task Outcomes_that_come_thick_wait_for_each_other_until_they_are_enough_for_a_batch()
    {
        var (worker, _) = await ComposeAsync();
        var clock = new StoppedClock();
        var recorder = ActivatorUtilities.CreateInstance<OutcomeRecorder>(worker.Services, clock);
        var claims = (await Database.Store.ClaimAsync(await Database.AddAsync(8 + 128, ADelivery()), worker.Name, TimeSpan.FromMinutes(1))).Claimed;
        var outcomes = claims.Select(claim => new DeliveryOutcome(claim, AnAttempt(claim, DeliveryStatus.Succeeded, 200), Return: null)).ToList();
        foreach (var outcome in outcomes[..8]) recorder.Add(outcome);
        var recording = recorder.RunAsync(CancellationToken.None);
        await UntilRecordedAsync(8);

        recorder.Add(outcomes[8]);
        await clock.Waited.Soon();
        Assert.Equal(8, await CountRecordedAsync());
        foreach (var outcome in outcomes[9..]) recorder.Add(outcome);

        await UntilRecordedAsync(8 + 128);
        recorder.Complete();
        await recording.Soon();
    }

    [Fact]
    public async Task Without_Redis_outcomes_are_recorded_all_the_same()
    {
        await using var worker = TestWorker.Compose(Database, TestWorker.NoRedis);
        await worker.Get<DatabaseClock>().SynchronizeAsync(Token);
        var claim = await ClaimAsync(worker);

        await RecordAllAsync(worker.Get<OutcomeRecorder>(), AnAttempt(claim, DeliveryStatus.Pending, 503));

        Assert.Equal(1, (await Database.DeliveryAsync(claim.Key)).AttemptCount);
        Assert.True(worker.Log.Has("could not be put into the queue"));
    }

    [Fact]
    public async Task Giving_up_leaves_what_is_unrecorded_to_the_leases()
    {
        await using var nowhere = new TestDatabase("Host=127.0.0.1;Port=1;Username=nobody");
        await using var worker = TestWorker.Compose(nowhere, TestWorker.NoRedis);
        var recorder = worker.Get<OutcomeRecorder>();
        using var giveUp = new CancellationTokenSource();
        var recording = recorder.RunAsync(giveUp.Token);
        recorder.Add(new DeliveryOutcome(AClaim(), AnAttempt(AClaim(), DeliveryStatus.Succeeded, 200), Return: null));
        await Eventually.TrueAsync(() => worker.Log.Has("1 outcomes cannot be recorded just now"));

        await giveUp.CancelAsync();
        await recording.Soon();

        Assert.True(worker.Log.Has("Stopping with 1 outcomes unrecorded"));
    }

    private static AttemptRecord AnAttempt(ClaimedDelivery claim, DeliveryStatus status, int statusCode) => new()
    {
        Key = claim.Key,
        Token = claim.Token,
        Status = status,
        Attempt = new AttemptResult.Attempted { StatusCode = statusCode, StartedAt = DateTimeOffset.UnixEpoch },
    };

    private Task UntilRecordedAsync(int count) =>
        Eventually.TrueAsync(async () => await CountRecordedAsync() == count, described: $"{count} are recorded");

    private async Task<int> CountRecordedAsync() => (await Database.DeliveriesAsync()).Count(row => row.Status == DeliveryStatus.Succeeded);

    private async Task<(TestWorker Worker, OutcomeRecorder Recorder)> ComposeAsync()
    {
        var worker = await ComposeWorkerAsync();
        return (worker, worker.Get<OutcomeRecorder>());
    }

    private async Task<ClaimedDelivery> ClaimAsync(TestWorker worker)
    {
        var key = await Database.AddAsync(ADelivery());
        return Assert.Single((await Database.Store.ClaimAsync([key], worker.Name, TimeSpan.FromMinutes(1))).Claimed);
    }

    private static Task RecordAllAsync(OutcomeRecorder recorder, params AttemptRecord[] records) =>
        RecordAllAsync(recorder, Array.ConvertAll(records, record => new DeliveryOutcome(AClaim() with { Key = record.Key, Token = record.Token }, record, Return: null)));

    // Added before the recorder runs, so that they are there together.
    private static async Task RecordAllAsync(OutcomeRecorder recorder, params DeliveryOutcome[] outcomes)
    {
        var recorded = 0;
        foreach (var outcome in outcomes)
        {
            outcome.WhenRecorded = () => recorded++;
            recorder.Add(outcome);
        }

        recorder.Complete();
        await recorder.RunAsync(CancellationToken.None).Soon();
        Assert.Equal(outcomes.Length, recorded);
    }

    /// <summary>Time stands still; who waits for it to pass is told of.</summary>
    private sealed class StoppedClock : FakeTimeProvider
    {
        private readonly TaskCompletionSource _waited = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Waited => _waited.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _waited.TrySetResult();
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
