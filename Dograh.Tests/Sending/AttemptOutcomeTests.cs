using System.Text.Json;
using Dograh.Standalone;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Sending;

public sealed class AttemptOutcomeTests(TestServers servers) : SenderTest(servers)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(200)]
    [InlineData(204)]
    [InlineData(299)]
    [InlineData(304)]
    [InlineData(404)]
    [InlineData(500)]
    [InlineData(599)]
    public async Task The_status_code_is_told_as_it_came(int statusCode)
    {
        Receiver.Answers(statusCode);

        Assert.Equal(statusCode, (await AttemptAsync(AClaim(Receiver.Url))).StatusCode);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_not_followed(int statusCode)
    {
        Receiver.Answers(Reply.Redirect(Receiver.At("/elsewhere"), statusCode));

        var attempt = await AttemptAsync(AClaim(Receiver.Url));

        Assert.Equal(statusCode, attempt.StatusCode);
        Assert.Equal(["/hook"], Receiver.Requests.Select(request => request.Path));
    }

    [Fact]
    public async Task What_the_receiver_answered_is_kept()
    {
        Receiver.Answers(Reply.Status(422, "no such field").With("X-Request-Id", "r-1").With("X-Many", "a").With("X-Many", "b"));

        var attempt = await AttemptAsync(AClaim(Receiver.Url));

        Assert.Equal("no such field", attempt.ResponseBody);
        Assert.Equal("HTTP 422: no such field", attempt.Error);
        var headers = JsonSerializer.Deserialize<Dictionary<string, string>>(attempt.ResponseHeaders!)!;
        Assert.Equal("r-1", headers["X-Request-ID"]); // as .NET spells the names that it knows
        Assert.Equal("a, b", headers["X-Many"]);
    }

    [Fact]
    public async Task A_success_has_no_error()
    {
        Receiver.Answers(Reply.Status(200, "thanks"));

        var attempt = await AttemptAsync(AClaim(Receiver.Url));

        Assert.Equal((null, "thanks"), (attempt.Error, attempt.ResponseBody));
    }

    [Fact]
    public async Task Secrets_in_an_answer_are_redacted_before_anything_keeps_them()
    {
        Receiver.Answers(Reply.Status(401, """{"api_key": "s3cret-body", "note":"authorization=s3cret-note"}""")
            .With("Set-Cookie", "session=s3cret-cookie").With("X-Auth-Token", "s3cret-token").With("X-Debug", "token=s3cret-debug"));

        var attempt = await AttemptAsync(AClaim(Receiver.Url));

        Assert.DoesNotContain("s3cret", $"{attempt.ResponseHeaders}{attempt.ResponseBody}{attempt.Error}", StringComparison.Ordinal);
        Assert.Contains("[REDACTED]", attempt.ResponseBody, StringComparison.Ordinal);
        Assert.Contains("Set-Cookie", attempt.ResponseHeaders, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_body_at_most_4_KiB_are_kept_and_of_an_error_2000_characters()
    {
        Receiver.Answers(Reply.Status(500, new string('x', 10_000)));

        var attempt = await AttemptAsync(AClaim(Receiver.Url));

        Assert.StartsWith(new string('x', 4000), attempt.ResponseBody, StringComparison.Ordinal);
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(attempt.ResponseBody!), 4000, 4096);
        Assert.InRange(attempt.Error!.Length, 100, WebhookDelivery.MaxErrorLength);
    }

    [Fact]
    public async Task A_body_is_not_cut_within_a_character()
    {
        Receiver.Answers(Reply.Status(200, "x" + string.Concat(Enumerable.Repeat("🎉", 2000))));

        var body = (await AttemptAsync(AClaim(Receiver.Url))).ResponseBody!;

        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(body), 4090, 4096);
        Assert.Equal("x" + string.Concat(Enumerable.Repeat("🎉", body.Length / 2)), body);
    }

    [Fact]
    public async Task NUL_is_replaced_for_PostgreSQL_cannot_hold_it()
    {
        Receiver.Answers(Reply.Status(500, "a\0b"));

        var attempt = await AttemptAsync(AClaim(Receiver.Url));

        Assert.Equal("a\uFFFDb", attempt.ResponseBody);
        Assert.DoesNotContain('\0', attempt.Error!);
    }

    [Fact]
    public async Task Many_and_long_response_headers_are_kept_in_part()
    {
        var reply = Reply.Ok.With("X-Long", new string('y', 5000));
        for (var n = 0; n < 100; n++) reply = reply.With($"X-H{n}", "v");
        Receiver.Answers(reply);

        var headers = JsonSerializer.Deserialize<Dictionary<string, string>>((await AttemptAsync(AClaim(Receiver.Url))).ResponseHeaders!)!;

        Assert.InRange(headers.Count, 10, 64);
        Assert.All(headers.Values, value => Assert.InRange(value.Length, 0, 512));
    }

    [Fact]
    public async Task An_endless_body_is_read_to_its_cap_and_the_status_line_decides()
    {
        Receiver.Answers(Reply.Ok.Endless());

        var attempt = await AttemptAsync(AClaim(Receiver.Url));

        Assert.Equal((200, null), (attempt.StatusCode, attempt.Error));
        Assert.InRange(attempt.ResponseBody!.Length, 4000, 4096);
        // The sender hung up: the receiver cannot write on and on.
        await Eventually.TrueAsync(() => Receiver.UnderWay == 0);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(500)]
    public async Task A_body_that_drips_ends_at_the_deadline_and_the_status_line_decides(int statusCode)
    {
        Receiver.Answers(Reply.Status(statusCode).Dripping());
        var sending = AttemptAsync(AClaim(Receiver.Url) with { Timeout = Deadline });
        await Receiver.RequestsAsync(1);

        // In small steps: the status line must be there before the deadline is over.
        await AdvanceUntilDoneAsync(sending, Deadline / 100);

        var attempt = await sending;
        Assert.Equal(statusCode, attempt.StatusCode);
        Assert.Equal(statusCode == 200, attempt.Error is null);
        await Eventually.TrueAsync(() => Receiver.UnderWay == 0);
    }

    [Fact]
    public async Task No_answer_by_the_deadline_is_a_timeout()
    {
        Receiver.Answers(Reply.Nothing);
        var sending = AttemptAsync(AClaim(Receiver.Url) with { Timeout = Deadline });
        await Receiver.RequestsAsync(1);

        Time.Advance(Deadline - TimeSpan.FromSeconds(1));
        Assert.False(sending.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(2));

        AssertNoResponse(await sending, "timeout: no response within 30 s");
        await Eventually.TrueAsync(() => Receiver.UnderWay == 0);
    }

    [Fact]
    public async Task A_refused_connection_is_no_response()
    {
        AssertNoResponse(await AttemptAsync(AClaim(new Uri($"http://127.0.0.1:{FreePort.Next()}/"))), "connection: ");
    }

    [Fact]
    public async Task A_name_that_does_not_resolve_is_no_response()
    {
        AssertNoResponse(await AttemptAsync(AClaim(new Uri("http://no-such-host.invalid/"))), "DNS: ");
    }

    [Fact]
    public async Task A_reset_is_no_response()
    {
        await using var resetting = RawReceiver.Resetting();

        AssertNoResponse(await AttemptAsync(AClaim(resetting.Url)), "");
        Assert.Equal(1, resetting.Connections);
    }

    [Fact]
    public async Task A_connection_that_is_cut_without_a_word_is_no_response()
    {
        Receiver.Answers(Reply.Abort);

        AssertNoResponse(await AttemptAsync(AClaim(Receiver.Url)), "");
        // One attempt is one request: nobody below has tried again.
        Assert.Single(Receiver.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("HTTP/1.1 abc OK\r\n\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
    [InlineData("<html>not http</html>")]
    public async Task What_is_not_HTTP_is_no_response(string answer)
    {
        await using var raw = RawReceiver.Answering(answer);

        AssertNoResponse(await AttemptAsync(AClaim(raw.Url)), "");
        Assert.Equal(1, raw.Connections);
    }

    [Fact]
    public async Task Response_headers_without_end_are_no_response()
    {
        await using var raw = RawReceiver.Answering("HTTP/1.1 200 OK\r\nX-Long: " + new string('x', 200_000) + "\r\n\r\n");

        AssertNoResponse(await AttemptAsync(AClaim(raw.Url)), "");
    }

    [Fact]
    public async Task Interim_responses_are_passed_over()
    {
        await using var raw = RawReceiver.Answering(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");

        var attempt = await AttemptAsync(AClaim(raw.Url));

        Assert.Equal((201, "ok"), (attempt.StatusCode, attempt.ResponseBody));
    }

    [Fact]
    public async Task An_answer_without_a_length_ends_with_its_connection()
    {
        await using var raw = RawReceiver.Answering("HTTP/1.0 200 OK\r\n\r\nold school");

        Assert.Equal("old school", (await AttemptAsync(AClaim(raw.Url))).ResponseBody);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot-a-chunk\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: ;;;\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")]
    public async Task After_a_2xx_no_fault_of_the_rest_takes_the_success_back(string answer)
    {
        await using var raw = RawReceiver.Answering(answer);

        Assert.Equal(200, (await AttemptAsync(AClaim(raw.Url))).StatusCode);
    }

    [Fact]
    public async Task A_receiver_that_does_not_speak_TLS_is_no_response()
    {
        await using var raw = RawReceiver.Greeting("HTTP/1.1 400 Bad Request\r\n\r\n");

        AssertNoResponse(await AttemptAsync(AClaim(new UriBuilder(raw.Url) { Scheme = "https" }.Uri)), "TLS: ");
    }

    [Fact]
    public async Task A_worker_that_stops_for_good_releases_what_it_was_sending()
    {
        Receiver.Answers(Reply.Nothing);
        using var stopping = new CancellationTokenSource();
        var sending = NewSender().SendAsync(AClaim(Receiver.Url), credential: null, stopping.Token);
        await Receiver.RequestsAsync(1);

        await stopping.CancelAsync();

        Assert.Equal(new AttemptResult.Released(TimeSpan.Zero), await sending.Soon());
    }

    [Fact]
    public async Task An_attempt_is_dated_by_the_databases_clock_and_timed_until_its_end()
    {
        Time.Advance(TimeSpan.FromSeconds(100));
        var before = Now;
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        var sending = AttemptAsync(AClaim(Receiver.Url));
        await Receiver.RequestsAsync(1);
        Time.Advance(TimeSpan.FromSeconds(3));
        gate.SetResult();

        var attempt = await sending;

        Assert.Equal((before, TimeSpan.FromSeconds(3)), (attempt.StartedAt, attempt.Duration));
    }

    private static void AssertNoResponse(AttemptResult.Attempted attempt, string error)
    {
        Assert.Null(attempt.StatusCode);
        Assert.False(attempt.IsPermanent);
        Assert.StartsWith(error, attempt.Error, StringComparison.Ordinal);
        Assert.NotEqual("", attempt.Error);
        Assert.Equal(AttemptOutcome.TransientFailure, DeliveryTransitions.Classify(attempt));
    }

    // The deadline's timer may not be set yet when the clock is moved first.
    private async Task AdvanceUntilDoneAsync(Task task, TimeSpan step) => await Eventually.TrueAsync(() =>
    {
        if (!task.IsCompleted) Time.Advance(step);
        return task.IsCompleted;
    });
}
