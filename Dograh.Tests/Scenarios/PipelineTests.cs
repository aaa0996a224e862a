using System.Text;
using System.Text.Json;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Scenarios;

/// <summary>The whole pipeline over HTTP: an API and a worker as processes, PostgreSQL, and a queue of each kind.</summary>
public abstract class PipelineTests(PipelineStack pipeline)
{
    private const string Token = "let-me-in";

    [Fact]
    public async Task A_completed_run_is_retried_and_arrives_as_it_was_rendered_byte_for_byte()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers(503, 503, 200);
        using var acme = await pipeline.Stack.AddOrganizationAsync();
        var credential = await acme.PostAsync(
            "credentials", new { name = "CRM", credential_type = "bearer_token", credential_data = new { token = Token } });
        var workflow = await acme.AddWorkflowAsync(
            receiver.Url,
            ("credential_uuid", credential.GetProperty("uuid").GetString()!),
            ("custom_headers", new[] { new { key = "X-Campaign", value = "{{campaign_id}}" } }),
            ("payload_template", new { run = "{{workflow_run_id}}", name = "{{initial_context.name}}", said = "{{gathered_context.said}}", agreed = "{{gathered_context.agreed}}" }));
        var run = await acme.PostAsync($"workflows/{workflow}/runs", new { campaign_id = 7, initial_context = new { name = "Ana Müller" } });
        var runId = run.GetProperty("id").GetInt64();

        var completion = new { gathered_context = new { said = "\"sí\" \\ 好 😀", agreed = true, call_disposition = "user_hangup" } };
        var delivery = StackCaller.DeliveryOf(await acme.PostAsync($"workflow-runs/{runId}/complete", completion));
        var shown = await acme.ReachesAsync("succeeded", delivery);

        var requests = await receiver.RequestsAsync(3);
        var body = $$"""{"run":"{{runId}}","name":"Ana Müller","said":"\"sí\" \\ 好 😀","agreed":"True","call_disposition":"user_hangup"}""";
        Assert.All(requests, request => Assert.Equal(body, request.Text));
        Assert.Equal(Encoding.UTF8.GetBytes(await PayloadAsync(delivery)), requests[0].Body);
        Assert.Equal(["1", "2", "3"], requests.Select(request => request.Header("X-Dograh-Delivery-Attempt")));
        Assert.All(requests, request =>
        {
            Assert.Equal("POST", request.Method);
            Assert.Equal("application/json", request.Header("Content-Type"));
            Assert.Equal(delivery.ToString(), request.Header("X-Dograh-Delivery-Id"));
            Assert.Equal($"{runId}", request.Header("X-Dograh-Workflow-Run-Id"));
            Assert.Equal($"Bearer {Token}", request.Header("Authorization"));
            Assert.Equal("7", request.Header("X-Campaign"));
        });
        Assert.Equal(3, shown.GetProperty("attempt_count").GetInt32());
        Assert.Equal(["503", "503", "200"], shown.GetProperty("attempts").EnumerateArray().Select(attempt => attempt.GetProperty("status_code").ToString()));
        Assert.Equal(JsonValueKind.String, shown.GetProperty("delivered_at").ValueKind);
        await pipeline.Database.AssertConservedAsync();
    }

    [Fact]
    public async Task Deliveries_that_wait_for_a_retry_outlive_a_queue_that_forgets_everything()
    {
        const int Count = 20;
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers(request => Reply.Status(request.Header("X-Dograh-Delivery-Attempt") == "1" ? 503 : 200));
        using var acme = await pipeline.Stack.AddOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(receiver.Url, ("retry_config", new { base_delay_seconds = 2 }));
        var deliveries = new List<Guid>();
        for (var i = 0; i < Count; i++) deliveries.Add(await acme.CompleteAsync(workflow));
        await receiver.RequestsAsync(Count);
        await Eventually.TrueAsync(async () => await WaitingInQueueAsync() >= 1);

        await pipeline.Redis.FlushAsync();

        foreach (var delivery in deliveries) await acme.ReachesAsync("succeeded", delivery);
        Assert.Equal(2 * Count, receiver.Requests.Count);
        await pipeline.Database.AssertConservedAsync();
    }

    private Task<string> PayloadAsync(Guid delivery) =>
        pipeline.Database.ScalarAsync<string>("SELECT payload FROM webhook_deliveries WHERE delivery_uuid = $1", delivery);

    private Task<long> WaitingInQueueAsync() => pipeline.Redis.Database.SortedSetLengthAsync(Webhooks.Queue.QueueKeys.Deliveries(0));
}

/// <summary>A stack that the tests of a class share: a database and a queue of its own, an API and workers.</summary>
public abstract class PipelineStack(TestServers servers, Func<TestServers, Task<TestRedis>> rentQueue, int workers) : IAsyncLifetime
{
    /// <summary>Its database.</summary>
    public TestDatabase Database { get; private set; } = null!;

    /// <summary>Its queue.</summary>
    public TestRedis Redis { get; private set; } = null!;

    /// <summary>Its processes.</summary>
    public RunningStack Stack { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await servers.RentDatabaseAsync();
        Redis = await rentQueue(servers);
        Stack = new RunningStack(
            servers.NewFolder("pipeline"), Database.ConnectionString, Redis.ConnectionString,
            ("WebhookDelivery:LeaseMarginSeconds", "1"), ("WebhookDelivery:Concurrency", $"{ConcurrencyOfAWorker}"));
        await Task.WhenAll([Stack.StartApiAsync(), .. Enumerable.Range(0, workers).Select(_ => Stack.StartWorkerAsync())]);
    }

    /// <summary>So few that many deliveries need every worker.</summary>
    public const int ConcurrencyOfAWorker = 24;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Stack is not null) await Stack.DisposeAsync();
        if (Redis is not null) await Redis.DisposeAsync();
        if (Database is not null) await Database.DisposeAsync();
    }
}

/// <summary>With a redis-server and two workers.</summary>
public sealed class RedisPipelineStack(TestServers servers) : PipelineStack(servers, servers => servers.RentRedisAsync(), workers: 2);

/// <summary>With a Garnet and one worker.</summary>
public sealed class GarnetPipelineStack(TestServers servers) : PipelineStack(servers, servers => servers.RentGarnetAsync(), workers: 1);

/// <summary>The pipeline over Garnet.</summary>
public sealed class GarnetPipelineTests(GarnetPipelineStack pipeline) : PipelineTests(pipeline), IClassFixture<GarnetPipelineStack>;

/// <summary>The pipeline over Redis, with two workers, of which some die.</summary>
public sealed class RedisPipelineTests(RedisPipelineStack pipeline) : PipelineTests(pipeline), IClassFixture<RedisPipelineStack>
{
    private readonly RedisPipelineStack _pipeline = pipeline;

    [Fact]
    public async Task Two_workers_deliver_hundreds_of_runs_and_each_arrives_exactly_once()
    {
        const int Batches = 3;
        const int BatchSize = 100;
        await using var receiver = await Receiver.StartAsync();
        // More than one worker can hold: the gate opens only when both are at it.
        var bothAreSending = new TaskCompletionSource();
        receiver.Answers(_ => Reply.Ok.After(bothAreSending.Task));
        using var acme = await _pipeline.Stack.AddOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(receiver.Url);
        var batch = new { runs = Enumerable.Range(0, BatchSize).Select(i => new { name = $"call {i}" }) };

        var answers = await Task.WhenAll(Enumerable.Range(0, Batches).Select(_ => acme.PostAsync($"workflows/{workflow}/completed-runs/batch", batch)));
        var deliveries = answers.SelectMany(answer => answer.GetProperty("items").EnumerateArray())
            .Select(item => StackCaller.DeliveryOf(item.GetProperty("outcome"))).ToHashSet();
        Assert.Equal(Batches * BatchSize, deliveries.Count);
        await Eventually.TrueAsync(() => receiver.UnderWay > PipelineStack.ConcurrencyOfAWorker);
        bothAreSending.SetResult();

        await Eventually.TrueAsync(async () => await SucceededAsync(workflow) == deliveries.Count);
        Assert.Equal(deliveries.Select(id => id.ToString()).Order(), receiver.Requests.Select(request => request.Header("X-Dograh-Delivery-Id")!).Order());
        var workers = await _pipeline.Database.ColumnAsync<string>(
            "SELECT DISTINCT a.worker FROM webhook_delivery_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id WHERE d.workflow_id = $1", workflow);
        Assert.Equal(2, workers.Count);
        await _pipeline.Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_worker_that_is_asked_to_stop_finishes_what_it_sends_records_it_and_exits_with_0()
    {
        await using var receiver = await Receiver.StartAsync();
        var gate = new TaskCompletionSource();
        receiver.Answers(_ => Reply.Ok.After(gate.Task));
        using var acme = await _pipeline.Stack.AddOrganizationAsync();
        var delivery = await acme.CompleteAsync(await acme.AddWorkflowAsync(receiver.Url));
        await receiver.RequestsAsync(1);
        var worker = _pipeline.Stack.WorkerNamed(await LeasedByAsync(delivery));

        var stopping = worker.StopAsync();
        await worker.WaitForLogAsync("Stopping: 1 deliveries may finish", TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        gate.SetResult();

        Assert.True(await stopping, "it had to be killed");
        Assert.Equal(0, await worker.Exited);
        var shown = await acme.DeliveryAsync(delivery);
        Assert.Equal("succeeded", shown.GetProperty("status").GetString());
        Assert.Same(worker, _pipeline.Stack.WorkerNamed(Assert.Single(shown.GetProperty("attempts").EnumerateArray()).GetProperty("worker").GetString()!));
        Assert.Single(receiver.Requests);
        await _pipeline.Database.AssertConservedAsync();
        await worker.RestartAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_a_killed_worker_was_sending_another_sends_again_under_the_same_number_when_the_lease_has_ended()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers(Reply.Nothing, Reply.Ok);
        using var acme = await _pipeline.Stack.AddOrganizationAsync();
        // Long enough for the kill to come before the deadline on a slow machine; the lease is a second longer.
        var workflow = await acme.AddWorkflowAsync(receiver.Url, ("retry_config", new { timeout_seconds = 4 }));
        var delivery = await acme.CompleteAsync(workflow);
        await receiver.RequestsAsync(1);
        var first = await LeasedByAsync(delivery);
        var worker = _pipeline.Stack.WorkerNamed(first);

        worker.Kill();

        var shown = await acme.ReachesAsync("succeeded", delivery);
        var requests = receiver.Requests;
        Assert.Equal(["1", "1"], requests.Select(request => request.Header("X-Dograh-Delivery-Attempt")));
        Assert.Equal(requests[0].Text, requests[1].Text);
        Assert.All(requests, request => Assert.Equal(delivery.ToString(), request.Header("X-Dograh-Delivery-Id")));
        Assert.NotEqual(first, Assert.Single(shown.GetProperty("attempts").EnumerateArray()).GetProperty("worker").GetString());
        Assert.Equal(1, await _pipeline.Database.ScalarAsync<int>("SELECT lost_claims FROM webhook_deliveries WHERE delivery_uuid = $1", delivery));
        await _pipeline.Database.AssertConservedAsync();
        await worker.RestartAsync(TestContext.Current.CancellationToken);
    }

    private Task<string> LeasedByAsync(Guid delivery) =>
        _pipeline.Database.ScalarAsync<string>("SELECT leased_by FROM webhook_deliveries WHERE delivery_uuid = $1", delivery);

    private Task<long> SucceededAsync(long workflow) => _pipeline.Database.ScalarAsync<long>(
        "SELECT count(*) FROM webhook_deliveries WHERE workflow_id = $1 AND status = $2", workflow, DeliveryStatus.Succeeded);
}
