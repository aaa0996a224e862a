using System.Diagnostics;
using Dograh.Chaos.Network;
using Dograh.Tests.Api;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Queue;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Chaos;

/// <summary>Redis is there and of no use. Whatever it says, deliveries reach their end (I6).</summary>
/// <remarks>
/// Killed, restarted empty, flushed, gone for good: <c>Worker/OutageTests</c>, <c>Scenarios/RedisGoneTests</c>, <c>Scenarios/PipelineTests</c>. Garbage
/// and foreign members: <c>Queue/DeliveryQueueTests</c>; hints for what has ended, is held, comes early or was deleted: <c>Worker/DeliveryDispatcherTests</c>.
/// </remarks>
public sealed class RedisFaultTests(TestServers servers) : WorkerTest(servers)
{
    [Theory]
    [InlineData("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0")] // OOM to every command that may need memory
    [InlineData("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE")] // READONLY to every command that writes
    public async Task A_Redis_that_takes_nothing_in_does_not_keep_deliveries_and_is_used_again_when_it_does(string begin, string end)
    {
        await using var redis = await Servers.StartRedisAsync();
        await using var control = QueueServices.Connect($"{redis.ConnectionString},allowAdmin=true");
        Receiver.Answers(request => Reply.Status(request.Header("X-Dograh-Delivery-Attempt") == "1" ? 503 : 200));
        var worker = await StartWorkerAsync(Database, redis.ConnectionString);
        await UntilAsync(await Database.AddAsync(ADelivery().To(Receiver.Url)), DeliveryStatus.Succeeded);

        await TellAsync(control, begin);
        await UntilAsync(await Database.AddAsync(ADelivery().To(Receiver.Url)), DeliveryStatus.Succeeded);
        await UntilAsync(await Database.AddAsync(ADelivery().To(Receiver.Url)), DeliveryStatus.Succeeded);
        Assert.True(worker.Log.Has("Redis is away"));

        await TellAsync(control, end);
        await Eventually.TrueAsync(() => worker.Log.Has("Redis is back"));
        await UntilAsync(await Database.AddAsync(ADelivery().To(Receiver.Url)), DeliveryStatus.Succeeded);
        Assert.Equal(8, Receiver.Requests.Count);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task What_is_due_is_taken_from_a_Redis_that_does_not_take_back_what_is_not()
    {
        await using var redis = await Servers.StartRedisAsync();
        await using var control = QueueServices.Connect($"{redis.ConnectionString},allowAdmin=true");
        var queue = new DeliveryQueue(control, Options.Create(new WebhookDeliveryOptions()), NullLogger<DeliveryQueue>.Instance);
        var now = TimeProvider.System.GetUtcNow();
        Assert.Empty((await queue.TakeAsync(10, now)).Keys);
        var (due, early) = (new DeliveryKey(1, 1), new DeliveryKey(1, 2));
        await queue.ScheduleAsync([new DueDelivery(due, now), new DueDelivery(early, now.AddHours(1))]);
        await TellAsync(control, "CONFIG SET maxmemory 1");

        Assert.Equal([due], (await queue.TakeAsync(10, now)).Keys);
        await Assert.ThrowsAnyAsync<RedisException>(() => queue.TakeAsync(10, now));

        await TellAsync(control, "CONFIG SET maxmemory 0");
        Assert.Empty((await queue.TakeAsync(10, now)).Keys);
    }

    [Fact]
    public async Task A_Redis_that_is_slow_costs_time_and_nothing_else()
    {
        await using var redis = await Servers.StartRedisAsync();
        await using var line = new TcpProxy(redis.Port) { Delay = TimeSpan.FromMilliseconds(250) };
        var slow = $"127.0.0.1:{line.Port}";
        await using var api = await ApiHost.StartAsync(Database, slow);
        var acme = await api.NewOrganizationAsync();
        var path = $"workflows/{await acme.AddWorkflowAsync(Webhook("crm", ("endpoint_url", Receiver.Url.OriginalString)))}/completed-runs";
        await StartWorkerAsync(Database, slow);

        var watch = Stopwatch.StartNew();
        (await acme.PostAsync(path, "{}")).Is(202);
        (await acme.PostAsync(path, "{}", "call-4711")).Is(202);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"{watch.Elapsed}");

        await UntilAllAsync(DeliveryStatus.Succeeded);
        Assert.Equal(2, Receiver.Requests.Count);
    }

    private static async Task TellAsync(IConnectionMultiplexer redis, string command)
    {
        var words = command.Split(' ');
        await redis.GetDatabase().ExecuteAsync(words[0], [.. words[1..]]);
    }
}
