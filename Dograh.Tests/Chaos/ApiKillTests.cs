using Dograh.Chaos.Network;
using Dograh.Tests.Api;
using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;

namespace Dograh.Tests.Chaos;

/// <summary>An API dies at each instant of a request, and its client sends the request again, under the same key, to another one.</summary>
public sealed class ApiKillTests(TestServers servers) : KilledProcessTest(servers)
{
    private const string Key = "call-4711";

    private TcpProxy _toApi = null!;
    private ApiHost _other = null!;
    private StackCaller _acme = null!;
    private string _path = "";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Victims.StartApiAsync();
        _toApi = new TcpProxy(Victims.Url.Port);
        _other = await ApiHost.StartAsync(Database, Redis.ConnectionString);
        _acme = await Victims.AddOrganizationAsync();
        _path = $"workflows/{await _acme.AddWorkflowAsync(Receiver.Url)}/completed-runs";
        // The first request reads what is the same for all.
        await _acme.PostAsync(_path);
        await Eventually.TrueAsync(async () => await Queue.CountAsync() == 1);
        await Database.ExecuteAsync("DELETE FROM webhook_deliveries");
        await Redis.FlushAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _acme.Dispose();
        await _toApi.DisposeAsync();
        await _other.DisposeAsync();
        await base.DisposeAsync();
    }

    [Theory]
    [InlineData(Instants.Intake)]
    [InlineData(Instants.Commit)]
    public async Task Killed_before_its_commit_it_has_stored_nothing_and_the_second_request_does_the_work(string instant)
    {
        await TakePathAsync(instant);
        await DieAtAsync(ToPostgres, new ProxyTrap(instant, TrapAction.HoldBefore), stored: 0, Key);

        await SendAgainAsync(isReplay: false);
    }

    [Theory]
    [InlineData(Instants.Intake)]
    [InlineData(Instants.Commit)]
    public async Task Killed_when_it_has_committed_and_before_it_knows_of_it_the_second_request_gets_the_first_ones_answer(string instant)
    {
        await TakePathAsync(instant);
        await DieAtAsync(ToPostgres, new ProxyTrap(instant, TrapAction.HoldAnswer), stored: 1, Key);

        await SendAgainAsync(isReplay: true);
    }

    [Theory]
    [InlineData(Instants.Intake)]
    [InlineData(Instants.Commit)]
    public async Task Killed_before_the_queue_is_told_the_sweep_finds_the_delivery(string instant)
    {
        await TakePathAsync(instant);
        // What is taken in by groups is answered before the queue is told.
        await DieAtAsync(ToRedis, new ProxyTrap(Instants.Schedule, TrapAction.HoldBefore), stored: 1, Key, isAnswered: instant == Instants.Intake);
        Assert.Equal(0, await Queue.CountAsync());

        await SendAgainAsync(isReplay: true);
    }

    [Fact]
    public async Task Killed_before_its_answer_is_sent_the_second_request_gets_the_same_one()
    {
        await DieAtAsync(_toApi, new ProxyTrap(Instants.Accepted, TrapAction.HoldBefore, Way.ToClient), stored: 1, Key);

        await SendAgainAsync(isReplay: true);
    }

    [Theory]
    [InlineData(TrapAction.HoldBefore, 0)]
    [InlineData(TrapAction.HoldAnswer, 1)]
    internal async Task Killed_with_a_run_that_has_no_key_it_has_stored_all_of_it_or_nothing_and_what_it_stored_is_delivered(TrapAction action, int stored)
    {
        await DieAtAsync(ToPostgres, new ProxyTrap(Instants.Intake, action), stored, key: null);

        Assert.Equal(stored, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs") - 1);
        await StartWorkerAsync();
        await UntilAllAsync(Webhooks.Deliveries.DeliveryStatus.Succeeded);
        Assert.Equal(stored, Receiver.Requests.Count);
    }

    // Completed runs are taken in by groups; what completes a run that was started has a transaction of its own, with a COMMIT.
    private async Task TakePathAsync(string instant)
    {
        if (instant != Instants.Commit) return;
        var run = await _acme.PostAsync(_path.Replace("completed-runs", "runs", StringComparison.Ordinal));
        _path = $"workflow-runs/{run.GetProperty("id").GetInt64()}/complete";
    }

    private async Task DieAtAsync(TcpProxy line, ProxyTrap trap, int stored, string? key, bool isAnswered = false)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{_toApi.Port}/api/v1/") };
        client.DefaultRequestHeaders.Add("X-API-Key", _acme.Key);
        line.Set(trap);
        var request = new ApiCaller(client).PostAsync(_path, "{}", key);
        await trap.Sprung.Soon();
        await Eventually.TrueAsync(async () => (await Database.DeliveriesAsync()).Count == stored);

        if (isAnswered) (await request.Soon()).Is(202);

        await KillAsync(Victims.Api, trap);

        if (!isAnswered) await Assert.ThrowsAnyAsync<HttpRequestException>(() => request);
        Assert.Equal(stored, (await Database.DeliveriesAsync()).Count);
    }

    private async Task SendAgainAsync(bool isReplay)
    {
        var answer = await _other.WithKey(_acme.Key).PostAsync(_path, "{}", Key);

        var delivery = answer.Is(202).Text("deliveries/0/delivery_id");
        Assert.Equal(isReplay ? "true" : null, answer.Header("Idempotency-Replayed"));
        await StartWorkerAsync();
        await UntilAllAsync(Webhooks.Deliveries.DeliveryStatus.Succeeded);
        Assert.Equal(delivery, Assert.Single(await Database.DeliveriesAsync()).DeliveryUuid.ToString());
        Assert.Equal(delivery, Assert.Single(Receiver.Requests).Header("X-Dograh-Delivery-Id"));
        await Database.AssertConservedAsync();
    }
}
