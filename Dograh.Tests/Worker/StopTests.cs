using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Worker;

/// <summary>A worker that is asked to stop (I11).</summary>
public sealed class StopTests(TestServers servers) : WorkerTest(servers)
{
    [Fact]
    public async Task A_worker_finishes_what_it_is_sending_and_records_it_before_it_ends()
    {
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        await Database.AddAsync(3, ADelivery().To(Receiver.Url));
        var worker = await StartWorkerAsync(("WebhookDelivery:ShutdownGraceSeconds", 60));
        await Receiver.RequestsAsync(3);

        var stopping = worker.StopAsync();
        await Eventually.TrueAsync(() => worker.Log.Has("Stopping: 3 deliveries may finish"));
        // What comes after the request to stop is another worker's.
        var late = await Database.AddAsync(ADelivery().To(Receiver.At("/late")));
        await ScheduleAsync(late);
        Assert.False(stopping.IsCompleted);
        gate.SetResult();
        await stopping.Soon();

        Assert.Equal(3, (await Database.DeliveriesAsync()).Count(row => row.Status == DeliveryStatus.Succeeded));
        Assert.Equal((DeliveryStatus.Pending, 0), ((await Database.DeliveryAsync(late)).Status, (await Database.DeliveryAsync(late)).ClaimCount));
        Assert.Equal(3, Receiver.Requests.Count);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task When_the_grace_period_is_over_the_rest_is_cut_off_and_released_for_another_worker()
    {
        Receiver.Answers(Reply.Nothing);
        await Database.AddAsync(3, ADelivery().To(Receiver.Url).WithTimeout(60));
        var worker = await StartWorkerAsync(("WebhookDelivery:ShutdownGraceSeconds", 1));
        await Receiver.RequestsAsync(3);

        await worker.StopAsync().Soon();

        Assert.All(await Database.DeliveriesAsync(), row => Assert.Equal((DeliveryStatus.Pending, 0, null), (row.Status, row.AttemptCount, row.LeasedBy)));
        Receiver.Answers(200);
        await StartWorkerAsync();
        await UntilAllAsync(DeliveryStatus.Succeeded);
        Assert.All(await Database.DeliveriesAsync(), row => Assert.Equal((1, 0), (row.AttemptCount, row.LostClaims)));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task What_still_waits_for_a_place_is_released_at_once_and_not_sent()
    {
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        await Database.AddAsync(2, ADelivery().To(Receiver.Url));
        var worker = await StartWorkerAsync(("WebhookDelivery:ConcurrencyPerOrigin", 1), ("WebhookDelivery:ShutdownGraceSeconds", 60));
        await Receiver.RequestsAsync(1);
        await Eventually.TrueAsync(() => worker.Dispatcher.Held == 2);

        var stopping = worker.StopAsync();
        await Eventually.TrueAsync(() => worker.Log.Has("Stopping: "));
        gate.SetResult();
        await stopping.Soon();

        Assert.Single(Receiver.Requests);
        Assert.Equal(
            [(DeliveryStatus.Pending, 0, null), (DeliveryStatus.Succeeded, 1, null)],
            (await Database.DeliveriesAsync()).Select(row => (row.Status, row.AttemptCount, row.LeasedBy)).Order());
    }

    [Fact]
    public async Task A_worker_that_never_began_stops_at_once()
    {
        await using var database = await Servers.CreateEmptyDatabaseAsync();
        var worker = await StartWorkerAsync(database, TestWorker.NoRedis);

        await worker.StopAsync().Soon();
    }

    [Fact]
    public async Task Workers_that_start_and_stop_all_the_while_lose_nothing_and_send_nothing_twice()
    {
        Receiver.Answers(request => Reply.Status(request.Number % 4 == 0 ? 503 : 200));
        await Database.AddAsync(60, ADelivery().To(Receiver.Url).AtMost(20));
        for (var round = 0; round < 4; round++)
        {
            var worker = await StartWorkerAsync(("WebhookDelivery:Concurrency", 3));
            await Receiver.RequestsAsync((round + 1) * 6);
            await worker.StopAsync().Soon();
            Assert.Equal(0, worker.Dispatcher.Held);
            Assert.All(await Database.DeliveriesAsync(), row => Assert.Null(row.LeasedBy));
        }

        await StartWorkerAsync();
        await UntilAllAsync(DeliveryStatus.Succeeded);

        Assert.Equal(Receiver.Requests.Count, (await Database.DeliveriesAsync()).Sum(row => row.AttemptCount));
        Assert.Equal(0, (await Database.DeliveriesAsync()).Sum(row => row.LostClaims));
        await Database.AssertConservedAsync();
    }
}
