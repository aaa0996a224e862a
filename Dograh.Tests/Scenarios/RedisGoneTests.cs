using Dograh.Tests.Support;

namespace Dograh.Tests.Scenarios;

/// <summary>Redis dies and never comes back (I6).</summary>
public sealed class RedisGoneTests(TestServers servers)
{
    [Fact]
    public async Task Without_Redis_for_good_the_API_accepts_and_every_delivery_old_or_new_reaches_its_end()
    {
        const int Count = 10;
        await using var database = await servers.RentDatabaseAsync();
        await using var redis = await servers.StartRedisAsync();
        await using var stack = new RunningStack(servers.NewFolder("redis-gone"), database.ConnectionString, redis.ConnectionString);
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers(request => Reply.Status(request.Header("X-Dograh-Delivery-Attempt") == "1" ? 503 : 200));
        var worker = stack.StartWorkerAsync();
        await stack.StartApiAsync();
        await worker;
        using var acme = await stack.AddOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(receiver.Url, ("retry_config", new { base_delay_seconds = 2 }));
        var deliveries = new List<Guid>();
        for (var i = 0; i < Count; i++) deliveries.Add(await acme.CompleteAsync(workflow));
        await receiver.RequestsAsync(Count);

        // Each of these waits for its second attempt, known to Redis alone until the moment comes.
        redis.Kill();
        await redis.Exited;

        for (var i = 0; i < Count; i++) deliveries.Add(await acme.CompleteAsync(workflow));
        foreach (var delivery in deliveries) await acme.ReachesAsync("succeeded", delivery);
        Assert.Equal(2 * deliveries.Count, receiver.Requests.Count);
        Assert.Equal("Degraded", await stack.HealthAsync());
        Assert.True(await stack.Api.StopAsync(), "the API had to be killed");
        Assert.Equal(0, await stack.Api.Exited);
        await database.AssertConservedAsync();
    }
}
