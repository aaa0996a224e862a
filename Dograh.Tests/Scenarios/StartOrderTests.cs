using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Scenarios;

/// <summary>The parts may start in any order: each waits for what it needs.</summary>
public sealed class StartOrderTests(TestServers servers)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_API_that_is_started_before_PostgreSQL_migrates_it_and_turns_healthy_when_it_comes()
    {
        await using var postgres = await servers.StartPostgresAsync();
        await postgres.StopAsync();
        await using var redis = await servers.RentRedisAsync();
        await using var stack = new RunningStack(
            servers.NewFolder("early-api"), postgres.ConnectionStringTo("not_made_yet"), redis.ConnectionString, ("Database:MigrateOnStartup", "true"));
        await stack.LaunchApiAsync();
        await Eventually.TrueAsync(async () => await stack.TryHealthAsync() == "Unhealthy", Patience);
        Assert.Equal("Healthy", await stack.HealthAsync("alive"));
        Assert.Equal(503, await stack.StatusOfAsync("api/v1/organizations"));

        await postgres.RestartAsync(Token);

        await stack.Api.WaitUntilReadyAsync(Token);
        using var acme = await stack.AddOrganizationAsync();
        Assert.Empty((await acme.GetAsync("deliveries")).GetProperty("items").EnumerateArray());
        // Nothing but the migrations asks for the database before it is there.
        Assert.DoesNotContain("key ring", stack.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_API_that_PostgreSQL_refuses_for_good_ends_with_a_non_zero_exit_code()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        await using var redis = await servers.RentRedisAsync();
        await using var stack = new RunningStack(
            servers.NewFolder("refused-api"), $"{database.ConnectionString};Password=not-the-password", redis.ConnectionString, ("Database:MigrateOnStartup", "true"));

        var api = await stack.LaunchApiAsync();

        Assert.Equal(1, await api.Exited.Soon());
        Assert.Contains("The migrations failed.", stack.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_is_started_before_the_migrations_waits_for_them_and_then_delivers()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        await using var redis = await servers.RentRedisAsync();
        await using var stack = new RunningStack(servers.NewFolder("early-worker"), database.ConnectionString, redis.ConnectionString);
        await using var receiver = await Receiver.StartAsync();
        var worker = await stack.LaunchWorkerAsync();
        await worker.WaitForLogAsync("The database is not migrated yet", Patience, Token);

        var migration = await stack.RunApiAsync("migrate");
        Assert.Equal((0, "The database is at the newest migration.\n"), (migration.ExitCode, LastLine(migration.Output)));
        await RunningStack.WorksAsync(worker);

        await database.DataSource.ReloadTypesAsync(Token);
        var key = await database.AddAsync(Given.ADelivery().To(receiver.Url));
        await Eventually.TrueAsync(async () => (await database.DeliveryAsync(key)).Status == DeliveryStatus.Succeeded);
        var again = await stack.RunApiAsync("migrate");
        Assert.Equal((0, "The database is at the newest migration.\n"), (again.ExitCode, LastLine(again.Output)));
        Assert.Single(receiver.Requests);
        await database.AssertConservedAsync();
    }

    private static string LastLine(string output) => output.TrimEnd('\n').Split('\n')[^1] + "\n";
}
