using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Telemetry;
using Microsoft.Extensions.Logging;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Worker;

/// <summary>What a worker makes of deliveries and their receivers, from the row to the row.</summary>
public sealed class DeliveryTests(TestServers servers) : WorkerTest(servers)
{
    [Fact]
    public async Task A_due_delivery_is_delivered()
    {
        Receiver.Answers(Reply.Status(201, "created"));
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).WithPayload("""{"ü":1.0}"""));
        var worker = await StartWorkerAsync();

        var row = await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.Equal((1, 201, null, null), (row.AttemptCount, row.LastStatusCode, row.LastError, row.LeasedBy));
        Assert.NotNull(row.DeliveredAt);
        var request = Assert.Single(Receiver.Requests);
        Assert.Equal("""{"ü":1.0}""", request.Text);
        Assert.Equal(row.DeliveryUuid.ToString("D"), request.Header("X-Dograh-Delivery-Id"));
        var attempt = Assert.Single(await Database.AttemptsAsync(key));
        Assert.Equal((1, 201, "created", worker.Name), (attempt.Number, attempt.StatusCode, attempt.ResponseBody, attempt.Worker));
        Assert.Equal(0, await Queue.CountAsync());
    }

    [Fact]
    public async Task On_Garnet_a_due_delivery_is_retried_and_delivered_alike()
    {
        await using var garnet = await Servers.RentGarnetAsync();
        Receiver.Answers(503, 200);
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url));
        await StartWorkerAsync(Database, garnet.ConnectionString);

        await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.Equal(2, Receiver.Requests.Count);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task Transient_failures_are_retried_with_rising_numbers_and_the_same_bytes_until_one_succeeds()
    {
        Receiver.Answers(503, 503, 200);
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).WithPayload("""{"same":"bytes ü"}"""));
        await StartWorkerAsync();

        var row = await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.Equal(3, row.AttemptCount);
        Assert.Equal(["1", "2", "3"], Receiver.Requests.Select(request => request.Header("X-Dograh-Delivery-Attempt")));
        Assert.Single(Receiver.Requests.Select(request => (request.Text, request.Header("X-Dograh-Delivery-Id"))).Distinct());
        Assert.Equal([503, 503, 200], (await Database.AttemptsAsync(key)).Select(attempt => attempt.StatusCode!.Value));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_retry_comes_no_sooner_than_its_backoff()
    {
        Receiver.Answers(503, 200);
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).WithBackoff(0.5, 10));
        await StartWorkerAsync();

        await UntilAsync(key, DeliveryStatus.Succeeded);

        var attempts = await Database.AttemptsAsync(key);
        // Both by the database's clock as one worker has it, so that no other clock is in this.
        Assert.InRange((attempts[1].StartedAt - attempts[0].StartedAt).TotalSeconds, 0.5, 20);
    }

    [Fact]
    public async Task A_permanent_failure_is_a_dead_letter_at_once()
    {
        Receiver.Answers(Reply.Status(410, "gone for good"));
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url));
        await StartWorkerAsync();

        var row = await UntilAsync(key, DeliveryStatus.DeadLetter);

        Assert.Equal((1, 410, "HTTP 410: gone for good"), (row.AttemptCount, row.LastStatusCode, row.LastError));
        Assert.Single(Receiver.Requests);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task When_its_attempts_are_exhausted_a_delivery_is_a_dead_letter()
    {
        Receiver.Answers(500);
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).AtMost(3));
        await StartWorkerAsync();

        var row = await UntilAsync(key, DeliveryStatus.DeadLetter);

        Assert.Equal((3, 500), (row.AttemptCount, row.LastStatusCode));
        Assert.Equal(3, Receiver.Requests.Count);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_cancelled_delivery_is_never_sent_although_the_queue_still_has_it()
    {
        var cancelled = await Database.AddAsync(ADelivery().To(Receiver.At("/cancelled")));
        await ScheduleAsync(cancelled);
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET status = 'cancelled'");
        await StartWorkerAsync();

        // What is due later is sent later: had the cancelled one been sent, it would be there by then.
        var proof = await Database.AddAsync(ADelivery().To(Receiver.At("/proof")));
        await UntilAsync(proof, DeliveryStatus.Succeeded);

        Assert.Equal(["/proof"], Receiver.Requests.Select(request => request.Path));
        Assert.Equal((DeliveryStatus.Cancelled, 0), ((await Database.DeliveryAsync(cancelled)).Status, (await Database.DeliveryAsync(cancelled)).AttemptCount));
        await Eventually.TrueAsync(async () => await Queue.CountAsync() == 0);
    }

    [Fact]
    public async Task A_delivery_that_is_cancelled_between_two_attempts_is_not_sent_again()
    {
        Receiver.Answers(request => Reply.Status(request.Path == "/cancelled" ? 503 : 200));
        var cancelled = await Database.AddAsync(ADelivery().To(Receiver.At("/cancelled")).WithBackoff(0.3, 0.3));
        await StartWorkerAsync();
        await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(cancelled)).AttemptCount == 1);
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET status = 'cancelled', leased_by = NULL");
        var sent = Receiver.Requests.Count;

        await UntilAsync(await Database.AddAsync(ADelivery().To(Receiver.At("/proof")).DueIn(TimeSpan.FromSeconds(0.6))), DeliveryStatus.Succeeded);

        Assert.Equal(sent + 1, Receiver.Requests.Count);
    }

    [Fact]
    public async Task A_delivery_that_is_cancelled_while_it_waits_for_a_place_at_its_receiver_is_not_sent()
    {
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        var worker = await StartWorkerAsync(("WebhookDelivery:ConcurrencyPerOrigin", 1));
        var keys = (await Database.AddAsync(2, ADelivery().To(Receiver.Url))).ToList();
        await ScheduleAsync([.. keys]);
        await Receiver.RequestsAsync(1);
        await Eventually.TrueAsync(async () => (await Database.DeliveriesAsync()).All(row => row.ClaimCount > 0));
        var sent = Receiver.Requests[0].Header("X-Dograh-Delivery-Id");
        var (sending, waiting) = (await Database.DeliveriesAsync()) is [var first, var second] && first.DeliveryUuid.ToString() == sent ? (keys[0], keys[1]) : (keys[1], keys[0]);

        await Database.ExecuteAsync($"UPDATE webhook_deliveries SET status = 'cancelled', leased_by = NULL, updated_at = now() WHERE id = {waiting.Id}");
        // It goes back to the queue after three seconds, which would show nothing.
        await Eventually.TrueAsync(async () => await Database.ScalarAsync<bool>($"SELECT clock_timestamp() > updated_at + interval '0.3 seconds' FROM webhook_deliveries WHERE id = {waiting.Id}"));
        gate.SetResult();

        await UntilAsync(sending, DeliveryStatus.Succeeded);
        await Eventually.TrueAsync(() => worker.Dispatcher.Held == 0);
        Assert.Single(Receiver.Requests);
        Assert.Equal((DeliveryStatus.Cancelled, 0), ((await Database.DeliveryAsync(waiting)).Status, (await Database.DeliveryAsync(waiting)).AttemptCount));
    }

    [Theory]
    [InlineData(DeliveryStatus.Succeeded)]
    [InlineData(DeliveryStatus.DeadLetter)]
    public async Task A_delivery_that_has_ended_is_never_sent_although_the_queue_has_it(DeliveryStatus status)
    {
        var ended = await Database.AddAsync(ADelivery().In(status).To(Receiver.At("/ended")));
        await Queue.ScheduleAsync([new DueDelivery(ended, DateTimeOffset.UnixEpoch)]);
        await StartWorkerAsync();

        await UntilAsync(await Database.AddAsync(ADelivery().To(Receiver.At("/proof"))), DeliveryStatus.Succeeded);

        Assert.Equal(["/proof"], Receiver.Requests.Select(request => request.Path));
    }

    [Fact]
    public async Task A_delivery_that_is_not_due_yet_is_not_sent_before()
    {
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).DueIn(TimeSpan.FromSeconds(0.7)));
        // The queue believes that it is due already.
        await Queue.ScheduleAsync([new DueDelivery(key, DateTimeOffset.UnixEpoch)]);
        var due = (await Database.DeliveryAsync(key)).ScheduledFor;
        await StartWorkerAsync();

        await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.True((await Database.AttemptsAsync(key))[0].StartedAt >= due.AddMilliseconds(-100), "It was sent before it was due.");
    }

    [Fact]
    public async Task What_a_dead_worker_left_is_sent_again_under_the_same_number()
    {
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).WithAttempts(1).LeftBy("worker-that-died"));
        await StartWorkerAsync();

        var row = await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.Equal((2, 1), (row.AttemptCount, row.LostClaims));
        Assert.Equal("2", Assert.Single(Receiver.Requests).Header("X-Dograh-Delivery-Attempt"));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task Poison_is_a_dead_letter_and_is_not_sent()
    {
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).LeftBy("worker-that-died", lostClaims: 5));
        var worker = await StartWorkerAsync();

        await UntilAsync(key, DeliveryStatus.DeadLetter);

        Assert.Empty(Receiver.Requests);
        var told = Assert.Single(worker.Log.Entries, entry => entry.Level == LogLevel.Error && entry.Message.Contains("is poison", StringComparison.Ordinal));
        var row = await Database.DeliveryAsync(key);
        Assert.Contains(new(DograhTelemetry.DeliveryId, row.DeliveryUuid), told.Scope);
        Assert.Contains(new(DograhTelemetry.WorkflowRunId, row.WorkflowRunId), told.Scope);
    }

    [Fact]
    public async Task A_request_that_cannot_be_built_is_a_dead_letter_that_says_why_and_counts_no_attempt()
    {
        var key = await Database.AddAsync(ADelivery().To(new Uri("http://10.0.0.1/hook")));
        await StartWorkerAsync();

        var row = await UntilAsync(key, DeliveryStatus.DeadLetter);

        Assert.Equal(0, row.AttemptCount);
        Assert.StartsWith("egress to 10.0.0.1 is not allowed", row.LastError, StringComparison.Ordinal);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task No_answer_within_the_deadline_is_retried()
    {
        Receiver.Answers(Reply.Nothing, Reply.Ok);
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).WithTimeout(1));
        await StartWorkerAsync();

        var row = await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.Equal(2, row.AttemptCount);
        Assert.Equal("timeout: no response within 1 s", (await Database.AttemptsAsync(key))[0].Error);
    }

    [Fact]
    public async Task Everything_that_is_logged_of_an_attempt_carries_the_deliverys_ids()
    {
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url));
        var worker = await StartWorkerAsync();
        var row = await UntilAsync(key, DeliveryStatus.Succeeded);

        var scope = worker.Log.Entries.Single(entry => entry.Message.StartsWith("delivery.attempted", StringComparison.Ordinal)).Scope.ToDictionary();

        Assert.Equal(row.DeliveryUuid, scope["dograh.delivery.id"]);
        Assert.Equal(key.OrganizationId, scope["dograh.organization.id"]);
        Assert.Equal(row.WorkflowRunId, scope["dograh.workflow_run.id"]);
        Assert.Equal(1, scope["dograh.attempt"]);
    }

    [Fact]
    public async Task No_log_line_holds_a_path_a_payload_a_header_or_a_credential()
    {
        var uuid = Guid.CreateVersion7();
        Receiver.Answers(Reply.Status(500, "s3cret-answer token=s3cret-echo"), Reply.Status(404, "api_key: s3cret-echo"));
        var run = await Database.AddRunAsync(await Database.AddOrganizationAsync());
        var key = await Database.AddAsync(ADelivery().Of(run).To(Receiver.At("/s3cret-path?key=s3cret-query")).WithPayload("\"s3cret-payload\"")
            .WithHeaders(("X-Plan", "s3cret-header")).WithCredential(uuid));
        await using (var process = TestWorker.Compose(Database, TestWorker.NoRedis))
        {
            await Database.AddCredentialAsync(process, run.OrganizationId, uuid, "bearer_token", """{"token":"s3cret-credential"}""");
        }

        var worker = await StartWorkerAsync();
        await UntilAsync(key, DeliveryStatus.DeadLetter);

        Assert.Equal("Bearer s3cret-credential", Receiver.Requests[0].Header("Authorization"));
        var logged = string.Join('\n', worker.Log.Entries.Select(entry => $"{entry.Message} {entry.Exception} {string.Join(' ', entry.Scope)}"));
        foreach (var secret in new[] { "path", "query", "payload", "header", "credential", "echo" })
        {
            Assert.DoesNotContain($"s3cret-{secret}", logged, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task One_trace_goes_from_the_completing_request_through_every_attempt_into_the_receiver()
    {
        const string Completing = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        using var recording = new System.Diagnostics.ActivityListener
        {
            ShouldListenTo = source => source.Name == Dograh.Webhooks.Telemetry.DograhTelemetry.Name,
            Sample = (ref _) => System.Diagnostics.ActivitySamplingResult.AllDataAndRecorded,
        };
        System.Diagnostics.ActivitySource.AddActivityListener(recording);
        Receiver.Answers(503, 200);
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).WithTraceParent(Completing));
        await StartWorkerAsync();

        await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.All(await Database.AttemptsAsync(key), attempt => Assert.Equal("0af7651916cd43dd8448eb211c80319c", attempt.TraceId));
        var traced = Receiver.Requests.Select(request => request.Header("traceparent")!).ToList();
        Assert.All(traced, traceParent => Assert.StartsWith("00-0af7651916cd43dd8448eb211c80319c-", traceParent, StringComparison.Ordinal));
        Assert.Equal(2, traced.Distinct().Count());
        Assert.DoesNotContain(Completing, traced);
    }
}
