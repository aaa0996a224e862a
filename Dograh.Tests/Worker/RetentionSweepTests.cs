using System.Diagnostics.Metrics;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Retention;
using Dograh.Webhooks.Telemetry;
using Dograh.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Worker;

public sealed class RetentionSweepTests(TestServers servers) : WorkerTest(servers)
{
    private static readonly DeliveryBuilder Old = ADelivery().In(DeliveryStatus.Succeeded).EndedAgo(TimeSpan.FromDays(31));

    [Fact]
    public async Task A_worker_removes_what_is_old_as_it_starts_and_goes_on_delivering()
    {
        var removed = await Database.AddAsync(Old);
        var delivered = await Database.AddAsync(ADelivery().To(Receiver.Url));

        var worker = await StartWorkerAsync();

        await UntilAsync(delivered, DeliveryStatus.Succeeded);
        await Eventually.TrueAsync(() => worker.Log.Has("retention.removed: 1 deliveries, 0 payloads and 0 runs"));
        Assert.DoesNotContain(removed, (await Database.DeliveriesAsync()).Select(row => new DeliveryKey(row.OrganizationId, row.Id)));
    }

    [Fact]
    public async Task It_removes_by_its_settings_and_counts_what_it_removed()
    {
        var worker = await ComposeWorkerAsync(("Retention:Days", 40), ("Retention:PayloadDays", 0.5));
        await Database.AddAsync(3, Old);
        var counted = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, it) =>
            {
                if (instrument == DograhTelemetry.RetentionRemoved) it.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            // Other tests' workers count here too, but none of them removes payloads.
            if (tags[0].Value is "payload") Interlocked.Add(ref counted, value);
        });
        listener.Start();

        Assert.Equal(new RemovedRows(0, 3, 0), await Sweep(worker).RunOnceAsync(Token));

        Assert.Equal(3, counted);
    }

    [Fact]
    public async Task With_nothing_to_remove_it_says_nothing()
    {
        var worker = await ComposeWorkerAsync();

        await Sweep(worker).RunOnceAsync(Token);

        Assert.False(worker.Log.Has("retention.removed"));
    }

    [Fact]
    public async Task A_worker_starts_and_stops_while_PostgreSQL_is_away()
    {
        await using var postgres = await Servers.StartPostgresAsync();
        await using var database = new TestDatabase(postgres.ConnectionStringTo("postgres"));
        await TestServers.MigrateAsync(database.DataSource, Token);
        await using var worker = TestWorker.Compose(database, TestWorker.NoRedis);
        postgres.Kill();
        await postgres.Exited.Soon();

        await Assert.ThrowsAnyAsync<Exception>(() => Sweep(worker).RunOnceAsync(Token));
        var sweep = Sweep(worker);
        await sweep.StartAsync(Token);
        await Eventually.TrueAsync(() => worker.Log.Has("PostgreSQL cannot be reached"));

        await sweep.StopAsync(Token).Soon();
    }

    private static RetentionSweep Sweep(TestWorker worker) => worker.Services.GetServices<IHostedService>().OfType<RetentionSweep>().Single();
}
