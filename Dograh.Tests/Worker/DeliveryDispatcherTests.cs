using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Worker;

/// <summary>Single turns of the main loop.</summary>
public sealed class DeliveryDispatcherTests(TestServers servers) : WorkerTest(servers)
{
    [Fact]
    public async Task A_turn_takes_from_the_queue_claims_and_starts()
    {
        var worker = await ComposeWorkerAsync();
        var keys = await Database.AddAsync(3, ADelivery().To(Receiver.Url));
        await ScheduleAsync(keys[0], keys[1]);

        Assert.Equal(2, await worker.Dispatcher.RunOnceAsync(Token));

        await RecordAsync(worker);
        Assert.Equal(
            [DeliveryStatus.Succeeded, DeliveryStatus.Succeeded, DeliveryStatus.Pending], (await Database.DeliveriesAsync()).Select(row => row.Status));
        Assert.Equal(0, await Queue.CountAsync());
    }

    [Fact]
    public async Task A_turn_takes_no_more_than_there_is_room_for()
    {
        var worker = await ComposeWorkerAsync(("WebhookDelivery:Concurrency", 2));
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        await ScheduleAsync(await Database.AddAsync(5, ADelivery().To(Receiver.Url)));

        Assert.Equal(2, await worker.Dispatcher.RunOnceAsync(Token));
        Assert.Equal(2, worker.Dispatcher.Held);
        Assert.Equal(0, await worker.Dispatcher.RunOnceAsync(Token));
        Assert.Equal(3, await Queue.CountAsync());

        gate.SetResult();
        await RecordAsync(worker);
        Assert.Equal(2, Receiver.Requests.Count);
    }

    [Fact]
    public async Task Twice_as_many_as_are_sent_at_a_time_may_wait_to_be_recorded_and_no_more()
    {
        var worker = await ComposeWorkerAsync(("WebhookDelivery:Concurrency", 1));
        await ScheduleAsync(await Database.AddAsync(4, ADelivery().To(Receiver.Url)));

        // The receiver answers; nobody records yet.
        await Eventually.TrueAsync(async () => await worker.Dispatcher.RunOnceAsync(Token) == 0 && worker.Dispatcher.Held == 3);
        Assert.Equal(0, await worker.Dispatcher.RunOnceAsync(Token));
        Assert.Equal(3, Receiver.Requests.Count);

        await RecordAsync(worker);
        Assert.Equal(0, worker.Dispatcher.Held);
    }

    [Fact]
    public async Task A_hint_that_came_early_goes_back_with_the_rows_own_due_time()
    {
        var worker = await ComposeWorkerAsync();
        var key = await Database.AddAsync(ADelivery().DueIn(TimeSpan.FromHours(1)));
        await Queue.ScheduleAsync([new DueDelivery(key, DateTimeOffset.UnixEpoch)]);

        Assert.Equal(0, await worker.Dispatcher.RunOnceAsync(Token));

        var due = (await Database.DeliveryAsync(key)).ScheduledFor;
        Assert.InRange((await Queue.TakeAsync(1, due.AddHours(-1))).NextDueAt!.Value, due, due.AddMilliseconds(1));
    }

    [Fact]
    public async Task A_hint_for_what_another_worker_holds_goes_back_for_the_end_of_its_lease()
    {
        var worker = await ComposeWorkerAsync();
        var key = await Database.AddAsync(ADelivery());
        await Database.Store.ClaimAsync([key], "another worker", TimeSpan.FromMinutes(1));
        await Queue.ScheduleAsync([new DueDelivery(key, DateTimeOffset.UnixEpoch)]);

        Assert.Equal(0, await worker.Dispatcher.RunOnceAsync(Token));

        var leaseEnds = (await Database.DeliveryAsync(key)).ScheduledFor;
        Assert.InRange((await Queue.TakeAsync(1, leaseEnds.AddHours(-1))).NextDueAt!.Value, leaseEnds, leaseEnds.AddMilliseconds(1));
        Assert.Equal(0, (await Database.DeliveryAsync(key)).LostClaims);
    }

    [Theory]
    [InlineData(DeliveryStatus.Succeeded)]
    [InlineData(DeliveryStatus.DeadLetter)]
    [InlineData(DeliveryStatus.Cancelled)]
    public async Task A_hint_for_what_has_ended_is_forgotten(DeliveryStatus status)
    {
        var worker = await ComposeWorkerAsync();
        var key = await Database.AddAsync(ADelivery().In(status));
        await Queue.ScheduleAsync([new DueDelivery(key, DateTimeOffset.UnixEpoch), new DueDelivery(new DeliveryKey(key.OrganizationId, 999), DateTimeOffset.UnixEpoch)]);

        Assert.Equal(0, await worker.Dispatcher.RunOnceAsync(Token));
        Assert.Equal(0, await Queue.CountAsync());
    }

    [Fact]
    public async Task The_room_of_what_could_not_be_claimed_is_given_to_the_next_at_once()
    {
        var worker = await ComposeWorkerAsync(("WebhookDelivery:Concurrency", 1));
        var keys = await Database.AddAsync(2, ADelivery().To(Receiver.Url));
        await ScheduleAsync(keys[1]);
        await Queue.ScheduleAsync([new DueDelivery(keys[0], DateTimeOffset.UnixEpoch)]);
        await Database.ExecuteAsync($"UPDATE webhook_deliveries SET status = 'cancelled' WHERE id = {keys[0].Id}");
        // Its time stands still: it goes on when it is woken, and not because it has slept long enough.
        using var dispatcher = ActivatorUtilities.CreateInstance<DeliveryDispatcher>(worker.Services, new FakeTimeProvider());

        await dispatcher.StartAsync(Token);

        await Eventually.TrueAsync(() => Receiver.Requests.Count == 1);
        await dispatcher.StopAsync(Token).Soon();
    }

    [Fact]
    public async Task Without_Redis_a_turn_takes_from_PostgreSQL()
    {
        await using var worker = TestWorker.Compose(Database, TestWorker.NoRedis);
        await worker.Get<DatabaseClock>().SynchronizeAsync(Token);
        await Database.AddAsync(3, ADelivery().To(Receiver.Url));

        Assert.Equal(3, await worker.Dispatcher.RunOnceAsync(Token));

        await RecordAsync(worker);
        Assert.All(await Database.DeliveriesAsync(), row => Assert.Equal(DeliveryStatus.Succeeded, row.Status));
    }

    [Fact]
    public async Task A_backlog_that_an_open_circuit_turns_away_is_claimed_at_a_pace_and_what_becomes_due_just_now_goes_before_it()
    {
        await using var dead = await Receiver.StartAsync();
        dead.Answers(503);
        var worker = await ComposeWorkerAsync(("WebhookDelivery:CircuitMinimumAttempts", 2));
        var recording = worker.Get<OutcomeRecorder>().RunAsync(CancellationToken.None);
        var run = await Database.AddRunAsync(await Database.AddOrganizationAsync());
        await ScheduleAsync(await Database.AddAsync(2, ADelivery().Of(run).To(dead.Url)));
        Assert.Equal(2, await worker.Dispatcher.RunOnceAsync(Token));
        await Eventually.TrueAsync(() => worker.Dispatcher.Held == 0);

        await ScheduleAsync(await Database.AddAsync(2_000, ADelivery().Of(run).To(dead.Url)));
        var (started, claimed) = (TimeProvider.System.GetTimestamp(), 0);
        while (claimed < 1_000) claimed += await worker.Dispatcher.RunOnceAsync(Token);
        // But for the first batch, which had to be claimed to learn what there is.
        Assert.InRange(claimed, 1_000, 256 + 64 + (TurnAwayPace.PerSecond * TimeProvider.System.GetElapsedTime(started).TotalSeconds));

        // The same organization's, so that no turn of its own takes it before its burst.
        var fresh = await Database.AddAsync(ADelivery().Of(run).To(Receiver.Url));
        await Queue.ScheduleAsync([new DueDelivery(fresh, worker.Get<DatabaseClock>().Now)]);
        claimed = 0;
        while (Receiver.Requests.Count == 0) claimed += await worker.Dispatcher.RunOnceAsync(Token);

        Assert.InRange(claimed, 1, 500);
        Assert.Equal(2, dead.Requests.Count);
        await Eventually.TrueAsync(() => worker.Dispatcher.Held == 0);
        worker.Get<OutcomeRecorder>().Complete();
        await recording.Soon();
    }

    [Fact]
    public async Task What_cannot_be_claimed_just_now_is_put_back()
    {
        var worker = await ComposeWorkerAsync();
        await ScheduleAsync(await Database.AddAsync(3, ADelivery().To(Receiver.Url)));

        await using (await HeldTransaction.BeginAsync(Database, "LOCK TABLE webhook_deliveries IN ACCESS EXCLUSIVE MODE"))
        {
            await Assert.ThrowsAsync<Npgsql.PostgresException>(() => worker.Dispatcher.RunOnceAsync(Token));
            Assert.Equal(3, await Queue.CountAsync());
        }

        Assert.Equal(3, await worker.Dispatcher.RunOnceAsync(Token));
        await RecordAsync(worker);
        Assert.Equal(3, Receiver.Requests.Count);
    }

    [Fact]
    public async Task Deliveries_whose_credential_cannot_be_read_are_claimed_at_a_pace_too()
    {
        var worker = await ComposeWorkerAsync();
        var recording = worker.Get<OutcomeRecorder>().RunAsync(CancellationToken.None);
        var (run, uuid) = (await Database.AddRunAsync(await Database.AddOrganizationAsync()), Guid.CreateVersion7());
        await Database.AddCredentialAsync(run.OrganizationId, uuid, "bearer_token", [1]);
        await ScheduleAsync(await Database.AddAsync(3_000, ADelivery().Of(run).To(Receiver.Url).WithCredential(uuid)));

        var (started, claimed) = (TimeProvider.System.GetTimestamp(), 0);
        while (claimed < 2_500) claimed += await worker.Dispatcher.RunOnceAsync(Token);

        // But for what was claimed before it was known.
        Assert.InRange(claimed, 2_500, 512 + 64 + (TurnAwayPace.PerSecond * TimeProvider.System.GetElapsedTime(started).TotalSeconds));
        Assert.Empty(Receiver.Requests);
        await Eventually.TrueAsync(() => worker.Dispatcher.Held == 0);
        worker.Get<OutcomeRecorder>().Complete();
        await recording.Soon();
    }

    [Fact]
    public async Task What_an_open_circuit_turns_away_again_and_again_does_not_keep_the_worker_from_what_was_due_before()
    {
        const int Fresh = 16;
        await using var dead = await Receiver.StartAsync();
        dead.Answers(503);
        var worker = await ComposeWorkerAsync(("WebhookDelivery:CircuitMinimumAttempts", 2), ("WebhookDelivery:CircuitBreakSeconds", 600));
        var recording = worker.Get<OutcomeRecorder>().RunAsync(CancellationToken.None);
        var run = await Database.AddRunAsync(await Database.AddOrganizationAsync());
        await ScheduleAsync(await Database.AddAsync(2, ADelivery().Of(run).To(dead.Url).WithBackoff(600, 600)));
        Assert.Equal(2, await worker.Dispatcher.RunOnceAsync(Token));
        await Eventually.TrueAsync(() => worker.Dispatcher.Held == 0);
        var waiting = new Queue<DeliveryKey[]>((await Database.AddAsync(300 * Fresh, ADelivery().Of(run).To(dead.Url))).Chunk(Fresh));
        var clock = worker.Get<DatabaseClock>();
        for (var n = 0; n < 50; n++) await TurnAwayAsync();

        var healthy = await Database.AddAsync(ADelivery().To(Receiver.Url));
        await Queue.ScheduleAsync([new DueDelivery(healthy, clock.Now.AddSeconds(-2))]);
        while (Receiver.Requests.Count == 0 && waiting.Count > 0) await TurnAwayAsync();

        Assert.Single(Receiver.Requests);
        Assert.Equal(2, dead.Requests.Count);
        await Eventually.TrueAsync(() => worker.Dispatcher.Held == 0);
        worker.Get<OutcomeRecorder>().Complete();
        await recording.Soon();

        // As if they came back from having been turned away, faster than the pace.
        async Task TurnAwayAsync()
        {
            var now = clock.Now;
            await Queue.ScheduleAsync([.. waiting.Dequeue().Select(key => new DueDelivery(key, now))]);
            await worker.Dispatcher.RunOnceAsync(Token);
        }
    }

    private static async Task RecordAsync(TestWorker worker)
    {
        var recorder = worker.Get<OutcomeRecorder>();
        var recording = recorder.RunAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => worker.Dispatcher.Held == 0);
        recorder.Complete();
        await recording.Soon();
    }
}
