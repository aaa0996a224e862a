using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Worker;

/// <summary>Several workers, several receivers: nobody sends twice, and nobody waits for another's receiver.</summary>
public sealed class ManyWorkersTests(TestServers servers) : WorkerTest(servers)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Workers_side_by_side_send_every_delivery_once(bool withRedis)
    {
        await Database.AddAsync(60, ADelivery().To(Receiver.Url));
        var redis = withRedis ? Redis.ConnectionString : TestWorker.NoRedis;
        var workers = new List<TestWorker>();
        for (var n = 0; n < 3; n++) workers.Add(await StartWorkerAsync(Database, redis, ("WebhookDelivery:Concurrency", 10)));

        await UntilAllAsync(DeliveryStatus.Succeeded);

        var sent = Receiver.Requests.Select(request => request.Header("X-Dograh-Delivery-Id")!).ToList();
        Assert.Equal(60, sent.Count);
        Assert.Equal(60, sent.Distinct().Count());
        Assert.All(await Database.DeliveriesAsync(), row => Assert.Equal((1, 1, 0), (row.ClaimCount, row.AttemptCount, row.LostClaims)));
        Assert.DoesNotContain(workers, worker => worker.Log.Has("claim.lost"));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_worker_holds_no_more_than_it_may()
    {
        Receiver.Answers(Reply.Nothing);
        await Database.AddAsync(20, ADelivery().To(Receiver.Url).WithTimeout(60));
        var worker = await StartWorkerAsync(("WebhookDelivery:Concurrency", 4), ("WebhookDelivery:ShutdownGraceSeconds", 1));
        await Receiver.RequestsAsync(4);

        // It has looked at all of them and taken no more: the others have never been claimed.
        await Eventually.TrueAsync(async () => await Queue.CountAsync() >= 16);
        Assert.Equal(4, worker.Dispatcher.Held);
        Assert.Equal(4, (await Database.DeliveriesAsync()).Count(row => row.ClaimCount > 0));
        Assert.Equal(4, Receiver.MostUnderWay);
    }

    [Fact]
    public async Task A_receiver_that_hangs_does_not_hold_up_another()
    {
        Receiver.Answers(Reply.Nothing);
        await using var healthy = await Receiver.StartAsync();
        await Database.AddAsync(30, ADelivery().To(Receiver.Url).WithTimeout(60).DueIn(TimeSpan.FromMinutes(-1)));
        // One request under way and one that waits: of eight slots the hanging receiver can take two.
        await StartWorkerAsync(
            ("WebhookDelivery:Concurrency", 8), ("WebhookDelivery:ConcurrencyPerOrigin", 1), ("WebhookDelivery:ShutdownGraceSeconds", 1));
        await Receiver.RequestsAsync(1);

        var keys = await Database.AddAsync(10, ADelivery().To(healthy.Url));
        foreach (var key in keys) await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.Equal(1, Receiver.MostUnderWay);
        Assert.Equal(0, (await Database.DeliveriesAsync()).Where(row => row.Status == DeliveryStatus.Pending).Sum(row => row.AttemptCount));
    }

    [Fact]
    public async Task What_finds_no_place_at_its_receiver_is_deferred_says_so_and_is_delivered_in_the_end()
    {
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        await Database.AddAsync(5, ADelivery().To(Receiver.Url));
        await StartWorkerAsync(("WebhookDelivery:ConcurrencyPerOrigin", 1));

        await Eventually.TrueAsync(async () => (await Database.DeliveriesAsync()).Any(row => row.WaitingFor == WaitingReason.Concurrency));
        gate.SetResult();
        await UntilAllAsync(DeliveryStatus.Succeeded);

        Assert.Equal((5, 1), (Receiver.Requests.Count, Receiver.MostUnderWay));
        Assert.All(await Database.DeliveriesAsync(), row => Assert.Equal((1, null), (row.AttemptCount, row.WaitingFor)));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task An_open_circuit_defers_without_counting_and_its_receiver_gets_everything_once_it_is_well()
    {
        Receiver.Answers(503);
        await Database.AddAsync(6, ADelivery().To(Receiver.Url).AtMost(20).WithBackoff(0.1, 0.2));
        await StartWorkerAsync(
            ("WebhookDelivery:ConcurrencyPerOrigin", 1), ("WebhookDelivery:CircuitMinimumAttempts", 2), ("WebhookDelivery:CircuitBreakSeconds", 0.5));

        await Eventually.TrueAsync(async () => (await Database.DeliveriesAsync()).Any(row => row.WaitingFor == WaitingReason.Circuit));
        Receiver.Answers(200);
        await UntilAllAsync(DeliveryStatus.Succeeded);

        // Every attempt that is counted was a request, and every request was counted.
        Assert.Equal(Receiver.Requests.Count, (await Database.DeliveriesAsync()).Sum(row => row.AttemptCount));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task Retry_After_holds_back_all_that_goes_to_the_receiver()
    {
        Receiver.Answers(Reply.Status(429).With("Retry-After", "2"), Reply.Ok);
        var first = await Database.AddAsync(ADelivery().To(Receiver.Url));
        await StartWorkerAsync();
        await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(first)).AttemptCount == 1);

        var second = await Database.AddAsync(ADelivery().To(Receiver.At("/other")));
        await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(second)).WaitingFor == WaitingReason.Throttled);
        Assert.Equal(0, (await Database.DeliveryAsync(second)).AttemptCount);
        await UntilAllAsync(DeliveryStatus.Succeeded);

        var attempts = await Database.AttemptsAsync(first);
        Assert.InRange((attempts[1].StartedAt - attempts[0].StartedAt).TotalSeconds, 2, 20);
        Assert.Equal(3, Receiver.Requests.Count);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task What_would_be_deferred_past_the_greatest_age_is_a_dead_letter()
    {
        Receiver.Answers(Reply.Status(503).With("Retry-After", "60"));
        await Database.AddAsync(ADelivery().To(Receiver.Url));
        var worker = await StartWorkerAsync();
        await Receiver.RequestsAsync(1);

        var old = await Database.AddAsync(ADelivery().To(Receiver.Url).CreatedAgo(TimeSpan.FromHours(25)));
        var row = await UntilAsync(old, DeliveryStatus.DeadLetter);

        Assert.StartsWith("expired", row.LastError, StringComparison.Ordinal);
        Assert.Equal(0, row.AttemptCount);
        Assert.True(worker.Log.Has("delivery.expired"));
    }
}
