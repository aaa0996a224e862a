using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Queue;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Dograh.Tests.Support;

/// <summary>A test class whose every test has a database, a Redis and a receiver of its own, and starts workers on them.</summary>
/// <remarks>At the end each test's database must hold together: see <see cref="TestDatabase.AssertConservedAsync"/>.</remarks>
public abstract class WorkerTest(TestServers servers) : DatabaseTest(servers)
{
    private readonly List<TestWorker> _workers = [];

    protected TestRedis Redis { get; private set; } = null!;

    internal Receiver Receiver { get; private set; } = null!;

    /// <summary>A queue of the test's own, over the same Redis.</summary>
    protected DeliveryQueue Queue => new(Redis.Connection, Options.Create(new WebhookDeliveryOptions()), NullLogger<DeliveryQueue>.Instance);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Redis = await Servers.RentRedisAsync();
        Receiver = await Receiver.StartAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        // The receiver first: a worker waits for what it is sending.
        await Receiver.DisposeAsync();
        foreach (var worker in _workers) await worker.DisposeAsync();
        await Redis.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>Starts a worker on the test's database and Redis.</summary>
    internal Task<TestWorker> StartWorkerAsync(params (string Name, object? Value)[] settings) =>
        StartWorkerAsync(Database, Redis.ConnectionString, settings);

    /// <summary>Starts a worker elsewhere.</summary>
    internal async Task<TestWorker> StartWorkerAsync(TestDatabase database, string redis, params (string Name, object? Value)[] settings)
    {
        var worker = await TestWorker.StartAsync(database, redis, settings);
        _workers.Add(worker);
        return worker;
    }

    /// <summary>Composes a worker on the test's database and Redis whose parts the test runs itself.</summary>
    internal async Task<TestWorker> ComposeWorkerAsync(params (string Name, object? Value)[] settings)
    {
        var worker = TestWorker.Compose(Database, Redis.ConnectionString, settings);
        _workers.Add(worker);
        await worker.Get<DatabaseClock>().SynchronizeAsync(Token);
        return worker;
    }

    /// <summary>Puts deliveries into the queue, due when their rows are.</summary>
    protected async Task ScheduleAsync(params IReadOnlyCollection<DeliveryKey> keys) =>
        await Queue.ScheduleAsync([.. await Database.Store.FindDueTimesAsync(keys, Token)]);

    /// <summary>Waits until a delivery is in this state, and gives it.</summary>
    protected async Task<WebhookDelivery> UntilAsync(DeliveryKey key, DeliveryStatus status)
    {
        await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(key)).Status == status, described: $"{key} is {status}");
        return await Database.DeliveryAsync(key);
    }

    /// <summary>Waits until every delivery is in this state.</summary>
    protected Task UntilAllAsync(DeliveryStatus status) =>
        Eventually.TrueAsync(async () => (await Database.DeliveriesAsync()).All(row => row.Status == status), described: $"all are {status}");
}
