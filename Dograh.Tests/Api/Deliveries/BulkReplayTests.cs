using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Queue;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Api.Deliveries;

public sealed class BulkReplayTests(BulkReplayTests.SlowReplay fixture) : IClassFixture<BulkReplayTests.SlowReplay>
{
    private const double PerSecond = 0.5;

    private ApiHost Api { get; } = fixture.Api;

    [Theory]
    [InlineData("dead_letter", DeliveryStatus.DeadLetter)]
    [InlineData("cancelled", DeliveryStatus.Cancelled)]
    [InlineData("succeeded", DeliveryStatus.Succeeded)]
    public async Task All_that_match_are_replayed_with_fresh_attempts_at_a_pace(string name, DeliveryStatus status)
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Api.Database.AddRunAsync(acme.Id);
        var keys = await Api.Database.AddAsync(5, ADelivery().Of(run).In(status).WithAttempts(2).AtMost(2));
        foreach (var other in Enum.GetValues<DeliveryStatus>().Where(other => other != status)) await Api.Database.AddAsync(ADelivery().Of(run).In(other));

        var answer = (await ReplayAsync(acme, name)).Is(202);

        answer.Matches("""{"matched": 5, "replayed": 5}""");
        var due = new List<DateTimeOffset>();
        foreach (var key in keys)
        {
            var row = await Api.Database.DeliveryAsync(key);
            Assert.Equal((DeliveryStatus.Pending, 2, 4, null), (row.Status, row.AttemptCount, row.MaxAttempts, row.DeliveredAt));
            due.Add(row.ScheduledFor);
            var score = await Api.Services.GetRequiredService<IConnectionMultiplexer>().GetDatabase().SortedSetScoreAsync(QueueKeys.Deliveries(0), QueueKeys.Member(key));
            Assert.InRange(score!.Value - row.ScheduledFor.ToUnixTimeMilliseconds(), 0, 1);
        }

        due.Sort();
        Assert.All(due.Zip(due.Skip(1)), pair => Assert.Equal(1 / PerSecond, (pair.Second - pair.First).TotalSeconds, 0.01));
        Assert.Equal(
            3, await Api.Database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE organization_id = $1 AND attempt_count = 0", acme.Id));
    }

    [Fact]
    public async Task A_second_bulk_replay_begins_where_the_first_ones_pace_ends()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Api.Database.AddRunAsync(acme.Id);
        await Api.Database.AddAsync(3, ADelivery().Of(run).In(DeliveryStatus.DeadLetter));
        await Api.Database.AddAsync(3, ADelivery().Of(run).In(DeliveryStatus.Cancelled));

        (await ReplayAsync(acme, "dead_letter")).Is(202);
        var first = await DueAsync(acme);
        (await ReplayAsync(acme, "cancelled")).Is(202);

        var second = (await DueAsync(acme)).Except(first).ToList();
        Assert.Equal(3, second.Count);
        Assert.Equal(1 / PerSecond, (second.Min() - first.Max()).TotalSeconds, 0.01);
        Assert.Equal(2 / PerSecond, (second.Max() - second.Min()).TotalSeconds, 0.01);
    }

    [Fact]
    public async Task Bulk_replays_that_come_at_once_share_one_pace()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Api.Database.AddRunAsync(acme.Id);
        (string Name, DeliveryStatus Status, int Count)[] parts = [("dead_letter", DeliveryStatus.DeadLetter, 3), ("cancelled", DeliveryStatus.Cancelled, 2), ("succeeded", DeliveryStatus.Succeeded, 1)];
        foreach (var part in parts) await Api.Database.AddAsync(part.Count, ADelivery().Of(run).In(part.Status));

        Task<ApiAnswer[]> answers;
        await using (await HeldTransaction.BeginAsync(Api.Database, "LOCK TABLE webhook_deliveries IN SHARE ROW EXCLUSIVE MODE"))
        {
            answers = Task.WhenAll(parts.Select(part => ReplayAsync(acme, part.Name)));
            await Eventually.TrueAsync(async () => await HeldTransaction.CountWaitingAsync(Api.Database) >= parts.Length, described: "all of them wait for a lock");
        }

        Assert.All(await answers.Soon(), answer => answer.Is(202));
        var due = await DueAsync(acme);
        Assert.Equal(6, due.Count);
        Assert.All(due.Zip(due.Skip(1)), pair => Assert.InRange((pair.Second - pair.First).TotalSeconds, (1 / PerSecond) - 0.01, (1 / PerSecond) + 0.01));
    }

    [Fact]
    public async Task Another_organizations_pace_is_its_own()
    {
        var (acme, other) = (await Api.NewOrganizationAsync(), await Api.NewOrganizationAsync());
        foreach (var organization in (ApiOrganization[])[acme, other])
        {
            await Api.Database.AddAsync(3, ADelivery().Of(await Api.Database.AddRunAsync(organization.Id)).In(DeliveryStatus.DeadLetter));
        }

        (await ReplayAsync(acme, "dead_letter")).Is(202);
        (await ReplayAsync(other, "dead_letter")).Is(202);

        Assert.True((await DueAsync(other)).Min() < (await DueAsync(acme)).Max());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("""{"status": null}""")]
    [InlineData("""{"status": "pending"}""")]
    [InlineData("""{"status": "everything"}""")]
    [InlineData("""{"status": ["dead_letter"]}""")]
    [InlineData("""{"workflow_id": 1}""")]
    public async Task A_status_that_can_be_replayed_is_required(string? body)
    {
        var acme = await Api.NewOrganizationAsync();
        var key = await Api.Database.AddAsync(ADelivery().Of(await Api.Database.AddRunAsync(acme.Id)).In(DeliveryStatus.DeadLetter));

        (await acme.PostAsync("deliveries/replay", body)).Blames("status");

        Assert.Equal(DeliveryStatus.DeadLetter, (await Api.Database.DeliveryAsync(key)).Status);
    }

    [Theory]
    [InlineData("""{"status": "dead_letter", "workflow_id": -1}""", "workflow_id")]
    [InlineData("""{"status": "dead_letter", "workflow_id": 1.5}""", "workflow_id")]
    [InlineData("""{"status": "dead_letter", "workflow_run_id": {}}""", "workflow_run_id")]
    [InlineData("""{"status": "dead_letter", "created_after": 5}""", "created_after")]
    [InlineData("""{"status": "dead_letter", "created_before": "", "created_after": "x"}""", "created_after", "created_before")]
    [InlineData("""{"status": "dead_letter", "workflow_id": ""}""", "workflow_id")]
    public async Task A_filter_that_makes_no_sense_replays_nothing(string body, params string[] fields)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("deliveries/replay", body)).Blames(fields);
    }

    // A filter of a type that it cannot have must not be dropped, or more would be replayed than was asked for.
    [Theory]
    [InlineData("""{"status": "dead_letter", "webhook_node_id": {"a": 1}}""", "webhook_node_id")]
    [InlineData("""{"status": "dead_letter", "endpoint_host": ["a.example"]}""", "endpoint_host")]
    public async Task A_filter_of_the_wrong_type_is_422(string body, string field)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("deliveries/replay", body)).Blames(field);
    }

    [Fact]
    public async Task An_empty_text_as_a_filter_never_means_everything()
    {
        var acme = await Api.NewOrganizationAsync();
        await Api.Database.AddAsync(ADelivery().Of(await Api.Database.AddRunAsync(acme.Id)).In(DeliveryStatus.DeadLetter));

        var answer = await acme.PostAsync("deliveries/replay", """{"status": "dead_letter", "webhook_node_id": ""}""");

        if (answer.Status == 422) answer.Blames("webhook_node_id");
        else answer.Is(202).Matches("""{"matched": 0, "replayed": 0}""");
    }

    [Fact]
    public async Task Nothing_that_matches_is_nothing_to_do()
    {
        var acme = await Api.NewOrganizationAsync();

        (await ReplayAsync(acme, "dead_letter")).Is(202).Matches("""{"matched": 0, "replayed": 0}""");
    }

    [Fact]
    public async Task Thousands_are_replayed_each_once()
    {
        var acme = await Api.NewOrganizationAsync();
        await Api.Database.AddAsync(ADelivery().Of(await Api.Database.AddRunAsync(acme.Id)).In(DeliveryStatus.DeadLetter));
        await Api.Database.ExecuteAsync(
            """
            INSERT INTO webhook_deliveries (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, endpoint_url, endpoint_host,
                   http_method, payload, custom_headers, status, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds)
            SELECT organization_id, gen_random_uuid(), workflow_run_id, workflow_id, 'copy-' || n, webhook_name, endpoint_url, endpoint_host,
                   http_method, payload, custom_headers, status, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds
            FROM webhook_deliveries, generate_series(1, 2100) n WHERE organization_id = $1
            """,
            acme.Id);
        await Api.Database.ListDeliveriesAsync();

        (await ReplayAsync(acme, "dead_letter")).Is(202).Matches("""{"matched": 2101, "replayed": 2101}""");

        var due = (await DueAsync(acme)).Order().ToList();
        Assert.Equal(2101, due.Distinct().Count());
        Assert.Equal(2100 / PerSecond, (due[^1] - due[0]).TotalSeconds, 0.1);
        Assert.Equal(1, await Api.Database.ScalarAsync<int>("SELECT max(claim_count)::int FROM webhook_deliveries WHERE organization_id = $1", acme.Id));
    }

    /// <summary>Slow enough that what is replayed is still to become due while a test looks at it.</summary>
    public sealed class SlowReplay(TestServers servers) : ApiFixtureBase(servers, ("WebhookDelivery:ReplayPerSecond", PerSecond));

    private static Task<ApiAnswer> ReplayAsync(ApiOrganization organization, string status) =>
        organization.PostAsync("deliveries/replay", $$"""{"status": "{{status}}"}""");

    private async Task<IReadOnlyList<DateTimeOffset>> DueAsync(ApiOrganization organization) => await Api.Database.ColumnAsync<DateTimeOffset>(
        "SELECT scheduled_for FROM webhook_deliveries WHERE organization_id = $1 AND replayed_at IS NOT NULL ORDER BY 1", organization.Id);
}
