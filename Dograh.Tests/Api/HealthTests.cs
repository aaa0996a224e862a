using System.Diagnostics;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api;

public sealed class HealthTests(TestServers servers)
{
    // Far more than it takes, far less than the seconds after which a connection or a command would time out.
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_everything_there_it_is_healthy_and_tells_nothing_but_that()
    {
        await using var api = await ApiHost.StartAsync(servers);

        await StateIsAsync(api, 200, "Healthy");
    }

    [Fact]
    public async Task Without_redis_it_is_degraded_and_accepts_all_the_same()
    {
        await using var database = await servers.RentDatabaseAsync();
        await using var redis = await servers.StartRedisAsync();
        await using var api = await ApiHost.StartAsync(database, redis.ConnectionString);
        await StateIsAsync(api, 200, "Healthy");
        var acme = await api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());

        await redis.StopAsync();
        await StateIsAsync(api, 200, "Degraded");
        var watch = Stopwatch.StartNew();
        var outcome = await acme.StoreRunAsync(workflow);
        (await acme.PostAsync($"workflows/{workflow}/completed-runs/batch", """{"runs": [{}]}""")).Is(207);
        await acme.CompleteAsync(await acme.StartRunAsync(workflow));
        var delivery = outcome.Text("deliveries/0/delivery_id");
        (await acme.PostAsync($"deliveries/{delivery}/cancel")).Is(202);
        (await acme.PostAsync($"deliveries/{delivery}/replay")).Is(202);
        (await acme.PostAsync($"deliveries/{delivery}/cancel")).Is(202);
        (await acme.PostAsync("deliveries/replay", """{"status": "cancelled"}""")).Is(202);
        Assert.True(watch.Elapsed < AtOnce, $"{watch.Elapsed}");

        Assert.Equal(3, (await acme.GetAsync("deliveries?status=pending")).Is(200).Items().Count);
        Assert.True(api.Log.Has("the sweep will find them"));
        await redis.RestartAsync(Token);
        await StateIsAsync(api, 200, "Healthy");
    }

    /// <summary>Connecting needs threads: the first requests, all waiting for it, would keep them from it, and their deliveries from the queue.</summary>
    [Fact]
    public async Task It_is_connected_to_redis_before_it_listens()
    {
        await using var database = await servers.RentDatabaseAsync();
        await using var redis = await servers.RentRedisAsync();
        var name = $"api-{Guid.NewGuid():N}";

        await using var api = await ApiHost.StartAsync(database, $"{redis.ConnectionString},name={name}");

        Assert.Contains(await redis.Connection.GetServers()[0].ClientListAsync(), client => client.Name == name);
    }

    [Fact]
    public async Task Without_postgresql_every_path_is_503_at_once_and_nothing_acknowledged_is_lost()
    {
        await using var server = await servers.StartPostgresAsync();
        await using var database = new TestDatabase(server.ConnectionString);
        await TestServers.MigrateAsync(database.DataSource, Token);
        await using var redis = await servers.RentRedisAsync();
        await using var api = await ApiHost.StartAsync(database, redis.ConnectionString);
        var acme = await api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());
        var outcome = await acme.StoreRunAsync(workflow);
        var running = await acme.StartRunAsync(workflow);
        await StateIsAsync(api, 200, "Healthy");

        await server.StopAsync();
        await StateIsAsync(api, 503, "Unhealthy");
        foreach (var route in api.Routes)
        {
            // The operator's key is known without the database, but for what is done with it.
            var caller = route.Policies[0] == "admin" ? api.Admin : acme;
            var watch = Stopwatch.StartNew();
            var answer = await caller.SendAsync(
                HttpMethod.Parse(route.Method), route.WithSomeId(), route.Method is "GET" or "DELETE" ? null : ApiCaller.Json("""{"name": "x"}"""));
            Assert.True(watch.Elapsed < AtOnce, $"{route} took {watch.Elapsed}");
            answer.IsProblem(503);
            Assert.Matches("^[1-9][0-9]*$", answer.Header("Retry-After"));
        }

        (await api.WithKey("nobody's").GetAsync("workflows")).IsProblem(503);
        (await api.Anonymous.GetAsync("workflows")).IsProblem(401);
        Assert.Equal(200, (await api.Anonymous.GetAsync("/openapi/v1.json")).Status);

        await server.RestartAsync(Token);
        await StateIsAsync(api, 200, "Healthy");
        Assert.Equal(
            outcome.Text("deliveries/0/delivery_id"), (await acme.GetAsync($"workflow-runs/{outcome.Number("id")}")).Is(200).Text("deliveries/0/id"));
        await acme.CompleteAsync(running);
        Assert.Equal(2, (await acme.GetAsync("deliveries")).Is(200).Items().Count);
    }

    [Fact]
    public async Task Until_somebody_has_migrated_the_database_it_is_unhealthy_and_then_it_works()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        await using var redis = await servers.RentRedisAsync();
        await using var api = await ApiHost.StartAsync(database, redis.ConnectionString);
        await StateIsAsync(api, 503, "Unhealthy");
        var answer = await api.Admin.PostAsync("organizations", """{"name": "x"}""");
        answer.IsProblem(503);
        Assert.NotNull(answer.Header("Retry-After"));

        await TestServers.MigrateAsync(database.DataSource, Token);

        await StateIsAsync(api, 200, "Healthy");
        var acme = await api.NewOrganizationAsync();
        await acme.AddDeliveryAsync();
        Assert.Equal("pending", (await acme.GetAsync("deliveries?status=pending")).Is(200).Text("items/0/status"));
    }

    [Fact]
    public async Task It_migrates_the_database_itself_where_it_is_told_to()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        await using var redis = await servers.RentRedisAsync();
        await using var api = await ApiHost.StartAsync(database, redis.ConnectionString, ("Database:MigrateOnStartup", true));

        await StateIsAsync(api, 200, "Healthy");
        Assert.Equal(DeliveryStatus.Pending, Assert.Single(await DeliveriesAsync(api)).Status);
    }

    private static async Task<IReadOnlyList<WebhookDelivery>> DeliveriesAsync(ApiHost api)
    {
        await (await api.NewOrganizationAsync()).AddDeliveryAsync();
        return await api.Database.DeliveriesAsync();
    }

    private static async Task StateIsAsync(ApiHost api, int status, string text)
    {
        await Eventually.TrueAsync(async () => (await api.Anonymous.GetAsync("/health")) is var answer && answer.Status == status && answer.Body == text, described: text);
        var alive = await api.Anonymous.GetAsync("/alive");
        Assert.Equal((200, "Healthy"), (alive.Status, alive.Body));
    }
}
