using System.Text;
using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Credentials;

/// <summary>Access tokens, fetched from a token endpoint and sent to a receiver, both on real sockets.</summary>
public sealed class OAuthTokensTests(TestServers servers) : WorkerTest(servers)
{
    private static readonly Guid Uuid = Guid.CreateVersion7();

    private TokenIssuer _issuer = null!;
    private TestWorker _process = null!;
    private ARun? _run;
    private long _organization;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _issuer = await TokenIssuer.StartAsync();
        _process = await ComposeWorkerAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _issuer.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task A_token_is_asked_for_as_the_standard_has_it_and_sent_with_the_delivery()
    {
        var key = await AddAsync(_issuer.Data("a client:é", "s3cret/of+the client", "hooks:write a", "https://crm.example/"));
        await StartWorkerAsync();

        await UntilAsync(key, DeliveryStatus.Succeeded);

        var asked = Assert.Single(_issuer.Requests);
        Assert.Equal(("POST", "/token", "application/x-www-form-urlencoded", "application/json"), (asked.Method, asked.Path, asked.Header("Content-Type"), asked.Header("Accept")));
        Assert.Equal("grant_type=client_credentials&scope=hooks%3Awrite+a&audience=https%3A%2F%2Fcrm.example%2F", asked.Text);
        Assert.Equal("a+client%3A%C3%A9:s3cret%2Fof%2Bthe+client", TokenIssuer.BasicOf(asked));
        Assert.Equal("Bearer token-1", Assert.Single(Receiver.Requests).Header("Authorization"));
        Assert.Equal(1, (await Database.DeliveryAsync(key)).AttemptCount);
    }

    [Fact]
    public async Task Fifty_deliveries_that_wait_for_a_token_fetch_one()
    {
        var gate = new TaskCompletionSource();
        _issuer.Gives(gate: gate.Task);
        await AddAsync(_issuer.Data(), count: 50);
        await StartWorkerAsync();
        await _issuer.RequestsAsync(1);
        await Eventually.TrueAsync(async () => (await Database.DeliveriesAsync()).All(row => row.ClaimCount > 0));

        gate.SetResult();
        await UntilAllAsync(DeliveryStatus.Succeeded);

        Assert.Single(_issuer.Requests);
        Assert.All(Receiver.Requests, request => Assert.Equal("Bearer token-1", request.Header("Authorization")));
        Assert.Equal(50, Receiver.Requests.Count);
    }

    [Fact]
    public async Task Workers_share_a_token_and_fetch_one_however_many_want_it()
    {
        var gate = new TaskCompletionSource();
        _issuer.Gives(gate: gate.Task);
        for (var i = 0; i < 3; i++) await StartWorkerAsync(("WebhookDelivery:Concurrency", 4));
        await AddAsync(_issuer.Data(), count: 30);
        await _issuer.RequestsAsync(1);
        await Eventually.TrueAsync(async () => (await Database.DeliveriesAsync()).Any(row => row.WaitingFor == WaitingReason.Credential));

        gate.SetResult();
        await UntilAllAsync(DeliveryStatus.Succeeded);

        Assert.Single(_issuer.Requests);
        Assert.Equal(30, Receiver.Requests.Count);
        Assert.True((await WorkersAsync()).Count > 1, "one worker has sent everything");
    }

    [Fact]
    public async Task Two_worker_processes_and_those_that_come_after_a_restart_share_one_token()
    {
        await using var stack = new RunningStack(Servers.NewFolder("tokens"), Database.ConnectionString, Redis.ConnectionString, ("WebhookDelivery:Concurrency", "4"));
        await stack.StartWorkerAsync();
        await stack.StartWorkerAsync();
        // Two receivers' worth of time, so that neither has sent all before the other has begun.
        Receiver.Answers(_ => Reply.Ok.After(Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Token)));
        await AddAsync(_issuer.Data(), count: 60);
        await UntilAllAsync(DeliveryStatus.Succeeded);
        Assert.Equal(2, (await WorkersAsync()).Count);

        foreach (var worker in stack.Workers) await worker.StopAsync();
        await stack.StartWorkerAsync();
        await AddMoreAsync(5);
        await UntilAllAsync(DeliveryStatus.Succeeded);

        Assert.Equal(3, (await WorkersAsync()).Count);
        Assert.Equal(65, Receiver.Requests.Count);
        Assert.Single(_issuer.Requests);
        Assert.DoesNotContain("token-1", stack.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"expires_in\": 3600", 3540)]
    [InlineData("\"expires_in\": \"3600\"", 3540)]
    [InlineData("\"expires_in\": 100", 75)]
    [InlineData("\"token_type\": \"bearer\"", 240)]
    [InlineData("\"expires_in\": 1e300", 86_340)]
    public async Task A_token_is_kept_until_shortly_before_it_expires(string members, double seconds)
    {
        _issuer.Gives(members);
        var key = await AddAsync(_issuer.Data());
        await StartWorkerAsync();
        await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.InRange(await Database.ScalarAsync<double>("SELECT extract(epoch FROM usable_until - fetched_at)::float8 FROM oauth_tokens"), seconds - 10, seconds);
    }

    [Fact]
    public async Task When_it_is_no_longer_good_the_next_delivery_fetches_another()
    {
        await AddAsync(_issuer.Data());
        await StartWorkerAsync();
        await UntilAllAsync(DeliveryStatus.Succeeded);

        await Database.ExecuteAsync("UPDATE oauth_tokens SET usable_until = now() - interval '1 second', retry_at = now()");
        await AddMoreAsync(1);
        await UntilAllAsync(DeliveryStatus.Succeeded);

        Assert.Equal(["Bearer token-1", "Bearer token-2"], Receiver.Requests.Select(request => request.Header("Authorization")));
    }

    [Fact]
    public async Task A_token_that_is_good_for_no_time_is_sent_with_what_waits_for_it_and_not_kept()
    {
        _issuer.Gives("\"expires_in\": 0");
        await AddAsync(_issuer.Data());
        await StartWorkerAsync();
        await UntilAllAsync(DeliveryStatus.Succeeded);
        await AddMoreAsync(1);
        await UntilAllAsync(DeliveryStatus.Succeeded);

        Assert.Equal(["Bearer token-1", "Bearer token-2"], Receiver.Requests.Select(request => request.Header("Authorization")));
    }

    [Fact]
    public async Task A_401_to_a_token_of_before_is_a_failure_to_retry_and_the_next_attempt_has_a_new_token()
    {
        await AddAsync(_issuer.Data());
        await StartWorkerAsync();
        await UntilAllAsync(DeliveryStatus.Succeeded);
        Receiver.Answers(request => request.Header("Authorization") == "Bearer token-1" ? Reply.Status(401, "who?") : Reply.Ok);

        var second = Assert.Single(await AddMoreAsync(1));
        await UntilAsync(second, DeliveryStatus.Succeeded);

        var attempts = await Database.AttemptsAsync(second);
        Assert.Equal([(401, "HTTP 401: who? (the access token was refused; the next attempt gets a new one)"), (200, null)], attempts.Select(attempt => (attempt.StatusCode!.Value, attempt.Error)));
        Assert.Equal(["token-1", "token-2"], _issuer.Issued);
    }

    [Fact]
    public async Task A_401_to_a_token_that_was_fetched_for_the_attempt_is_final()
    {
        Receiver.Answers(401);
        var key = await AddAsync(_issuer.Data());
        await StartWorkerAsync();

        var row = await UntilAsync(key, DeliveryStatus.DeadLetter);

        Assert.Equal((1, 401, "HTTP 401:  (and the access token was new)"), (row.AttemptCount, row.LastStatusCode, row.LastError));
        Assert.Single(_issuer.Requests);
    }

    [Fact]
    public async Task A_401_again_is_final_also_where_another_delivery_fetched_the_new_token()
    {
        await AddAsync(_issuer.Data());
        await StartWorkerAsync();
        await UntilAllAsync(DeliveryStatus.Succeeded);
        Receiver.Answers(request => request.Path == "/never" ? Reply.Status(401) : Reply.Ok);

        var never = await Database.AddAsync(ADelivery().Of(await RunAsync()).To(Receiver.At("/never")).WithCredential(Uuid).WithBackoff(3, 3));
        await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(never)).AttemptCount == 1);
        var other = Assert.Single(await AddMoreAsync(1));
        await UntilAsync(other, DeliveryStatus.Succeeded);
        var row = await UntilAsync(never, DeliveryStatus.DeadLetter);

        Assert.Equal(2, row.AttemptCount);
        Assert.Equal(["token-1", "token-2"], _issuer.Issued);
    }

    [Fact]
    public async Task A_401_at_the_last_attempt_ends_the_delivery()
    {
        await AddAsync(_issuer.Data());
        await StartWorkerAsync();
        await UntilAllAsync(DeliveryStatus.Succeeded);
        Receiver.Answers(401);

        var key = await Database.AddAsync(ADelivery().Of(await RunAsync()).To(Receiver.Url).WithCredential(Uuid).AtMost(1));

        Assert.Equal(1, (await UntilAsync(key, DeliveryStatus.DeadLetter)).AttemptCount);
    }

    [Fact]
    public async Task What_is_sent_after_the_credential_was_changed_has_a_token_of_the_new_one()
    {
        await AddAsync(_issuer.Data());
        await StartWorkerAsync();
        await UntilAllAsync(DeliveryStatus.Succeeded);

        await Database.ExecuteAsync(
            "UPDATE external_credentials SET encrypted_data = $1", Sealed(_issuer.Data(clientSecret: "another")));
        await AddMoreAsync(1);
        await UntilAllAsync(DeliveryStatus.Succeeded);

        Assert.Equal(["Bearer token-1", "Bearer token-2"], Receiver.Requests.Select(request => request.Header("Authorization")));
        Assert.EndsWith(":another", TokenIssuer.BasicOf(_issuer.Requests[1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_comes_after_its_credential_was_changed_is_neither_kept_nor_sent()
    {
        var gate = new TaskCompletionSource();
        _issuer.Gives(gate: gate.Task);
        var key = await AddAsync(_issuer.Data());
        await StartWorkerAsync();
        await _issuer.RequestsAsync(1);

        _issuer.Gives();
        await Database.ExecuteAsync("UPDATE external_credentials SET encrypted_data = $1", Sealed(_issuer.Data(clientSecret: "another")));
        await Database.ExecuteAsync("DELETE FROM oauth_tokens");
        gate.SetResult();
        await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.Equal("Bearer token-2", Assert.Single(Receiver.Requests).Header("Authorization"));
        Assert.EndsWith(":another", TokenIssuer.BasicOf(_issuer.Requests[1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deleted_credential_is_a_dead_letter_though_its_token_is_good()
    {
        await AddAsync(_issuer.Data());
        await StartWorkerAsync();
        await UntilAllAsync(DeliveryStatus.Succeeded);

        await Database.ExecuteAsync("UPDATE external_credentials SET is_active = false");
        var row = await UntilAsync(Assert.Single(await AddMoreAsync(1)), DeliveryStatus.DeadLetter);

        Assert.Equal((0, $"credential {Uuid:D} not found"), (row.AttemptCount, row.LastError));
        Assert.Single(Receiver.Requests);
    }

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task While_the_endpoint_gives_no_token_deliveries_wait_and_say_why_and_no_attempt_is_counted(int status)
    {
        _issuer.Says(Reply.Status(status, "s3cret/of+the:client"));
        var key = await AddAsync(_issuer.Data());
        var worker = await StartWorkerAsync();

        await Eventually.TrueAsync(async () => await Database.DeliveryAsync(key) is { WaitingFor: WaitingReason.Credential, LastError: not null });
        var waiting = await Database.DeliveryAsync(key);
        Assert.Equal((DeliveryStatus.Pending, 0), (waiting.Status, waiting.AttemptCount));
        Assert.Equal($"credential {Uuid:D}: no token just now from {_issuer.Url.GetLeftPart(UriPartial.Authority)}: HTTP {status}", waiting.LastError);
        Assert.Empty(Receiver.Requests);

        _issuer.Gives();
        await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.Equal((1, null), ((await Database.DeliveryAsync(key)).AttemptCount, (await Database.DeliveryAsync(key)).LastError));
        Assert.False(worker.Log.Has("s3cret"));
    }

    [Fact]
    public async Task An_endpoint_that_cannot_be_reached_or_speaks_no_HTTP_is_one_that_gives_no_token()
    {
        await using var noise = RawReceiver.Answering("HTTP/1.1 s3cret/of+the:client\r\n\r\n");
        var data = _issuer.Data().Replace(_issuer.Url.OriginalString, noise.Url.OriginalString, StringComparison.Ordinal);
        var key = await AddAsync(data);
        var worker = await StartWorkerAsync();

        await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(key)).LastError is not null);

        var row = await Database.DeliveryAsync(key);
        Assert.Equal((DeliveryStatus.Pending, WaitingReason.Credential, 0), (row.Status, row.WaitingFor, row.AttemptCount));
        Assert.DoesNotContain("s3cret", row.LastError, StringComparison.Ordinal);
        Assert.False(worker.Log.Has("s3cret"));
    }

    [Fact]
    public async Task An_endpoint_that_answers_with_a_long_line_of_noise_has_its_deliveries_wait_and_its_words_cut()
    {
        await using var noise = RawReceiver.Answering($"{new string('x', 3000)}\r\n\r\n");
        var key = await AddAsync(_issuer.Data().Replace(_issuer.Url.OriginalString, noise.Url.OriginalString, StringComparison.Ordinal));
        await StartWorkerAsync();

        await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(key)).LastError is not null);

        var row = await Database.DeliveryAsync(key);
        Assert.Equal((DeliveryStatus.Pending, WaitingReason.Credential, 0), (row.Status, row.WaitingFor, row.LostClaims));
        Assert.StartsWith($"credential {Uuid:D}: no token just now from ", row.LastError, StringComparison.Ordinal);
        Assert.Contains("xxx", row.LastError, StringComparison.Ordinal);
        Assert.InRange(row.LastError!.Length, 1000, WebhookDelivery.MaxErrorLength);
    }

    [Fact]
    public async Task What_has_waited_for_a_token_past_the_greatest_age_is_a_dead_letter_that_says_why()
    {
        _issuer.Says(Reply.Status(503));
        await AddAsync(_issuer.Data());
        var old = await Database.AddAsync(ADelivery().Of(await RunAsync()).To(Receiver.Url).WithCredential(Uuid).CreatedAgo(TimeSpan.FromHours(25)));
        await StartWorkerAsync();

        var row = await UntilAsync(old, DeliveryStatus.DeadLetter);

        Assert.Contains(": HTTP 503; expired: still deferred at the greatest age", row.LastError, StringComparison.Ordinal);
        Assert.Equal(0, row.AttemptCount);
    }

    [Theory]
    [InlineData(400, """{"error": "invalid_scope", "error_description": "s3cret"}""", "HTTP 400, invalid_scope")]
    [InlineData(401, """{"error": "invalid_client"}""", "HTTP 401, invalid_client")]
    [InlineData(401, """{"error": "s3cret"}""", "HTTP 401")]
    [InlineData(403, "s3cret", "HTTP 403")]
    [InlineData(302, "", "HTTP 302")]
    [InlineData(200, "s3cret", "HTTP 200, and the answer is of no use: it is no JSON")]
    [InlineData(200, """{"token_type": "bearer"}""", "HTTP 200, and the answer is of no use: it has no access_token")]
    [InlineData(200, """{"access_token": "s3cret", "token_type": "mac"}""", "HTTP 200, and the answer is of no use: its token_type is not Bearer")]
    public async Task A_refusal_is_a_dead_letter_that_names_it_and_the_endpoint_is_not_asked_for_each(int status, string body, string why)
    {
        _issuer.Says(Reply.Status(status, body).With("Location", "http://127.0.0.1/elsewhere"));
        await AddAsync(_issuer.Data(), count: 20);
        var worker = await StartWorkerAsync();

        await UntilAllAsync(DeliveryStatus.DeadLetter);

        Assert.All(await Database.DeliveriesAsync(), row => Assert.Equal(
            (0, $"credential {Uuid:D}: no token from {_issuer.Url.GetLeftPart(UriPartial.Authority)}: {why}"), (row.AttemptCount, row.LastError)));
        Assert.Single(_issuer.Requests);
        Assert.Empty(Receiver.Requests);
        Assert.False(worker.Log.Has("s3cret"));
    }

    [Fact]
    public async Task An_endpoint_that_egress_does_not_allow_is_not_asked()
    {
        var key = await AddAsync(_issuer.Data().Replace(_issuer.Url.OriginalString, "http://10.0.0.1/token", StringComparison.Ordinal));
        await StartWorkerAsync();

        var row = await UntilAsync(key, DeliveryStatus.DeadLetter);

        Assert.Equal(
            (0, $"credential {Uuid:D}: no token from http://10.0.0.1: egress to 10.0.0.1 is not allowed: it is not a public address, and not in Egress:AllowedNetworks"),
            (row.AttemptCount, row.LastError));
    }

    [Fact]
    public async Task An_endpoint_that_hangs_does_not_hold_up_the_deliveries_of_others()
    {
        _issuer.Says(Reply.Nothing);
        await AddAsync(_issuer.Data(), count: 40);
        await StartWorkerAsync(("WebhookDelivery:Concurrency", 8));
        await _issuer.RequestsAsync(1);
        await Eventually.TrueAsync(async () => (await Database.DeliveriesAsync()).All(row => row.ClaimCount > 0));

        var others = await Database.AddAsync(20, ADelivery().To(Receiver.Url));
        await Eventually.TrueAsync(async () => (await Database.DeliveriesAsync()).Count(row => row.Status == DeliveryStatus.Succeeded) == others.Count, TimeSpan.FromSeconds(8));

        Assert.Single(_issuer.Requests);
    }

    [Fact]
    public async Task The_lease_of_a_worker_that_died_while_it_was_asking_is_taken_over()
    {
        var key = await AddAsync(_issuer.Data());
        await Database.ExecuteAsync(
            """
            INSERT INTO oauth_tokens (organization_id, credential_uuid, credential_hash, lease, leased_until)
            SELECT organization_id, uuid, sha256(encrypted_data), gen_random_uuid(), now() + interval '2 seconds' FROM external_credentials
            """);
        await StartWorkerAsync();

        await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.True((await Database.AttemptsAsync(key))[0].StartedAt >= await Database.ScalarAsync<DateTimeOffset>("SELECT fetched_at FROM oauth_tokens"));
        Assert.Single(_issuer.Requests);
    }

    [Fact]
    public async Task A_token_that_cannot_be_decrypted_is_fetched_again()
    {
        await AddAsync(_issuer.Data());
        var worker = await StartWorkerAsync();
        await UntilAllAsync(DeliveryStatus.Succeeded);

        await Database.ExecuteAsync("UPDATE oauth_tokens SET encrypted_token = '\\x00', retry_at = now()");
        await AddMoreAsync(1);
        await UntilAllAsync(DeliveryStatus.Succeeded);

        Assert.Equal("Bearer token-2", Receiver.Requests[1].Header("Authorization"));
        Assert.True(worker.Log.Has("cannot be decrypted; another one is fetched"));
    }

    [Fact]
    public async Task A_worker_with_another_master_key_asks_for_no_token_and_sends_nothing()
    {
        var key = await AddAsync(_issuer.Data());
        var wrong = await StartWorkerAsync(("Secrets:MasterKey", Convert.ToBase64String(new byte[32])));

        await Eventually.TrueAsync(async () => await Database.DeliveryAsync(key) is { ClaimCount: > 0, LeasedBy: null });

        Assert.True(wrong.Log.Has("Is the master key the right one?"));
        Assert.Empty(_issuer.Requests);
        Assert.Empty(Receiver.Requests);
    }

    [Fact]
    public async Task A_build_from_before_this_type_cannot_open_it_so_it_sends_nothing_without_it()
    {
        await AddAsync(_issuer.Data());
        var encrypted = await Database.ScalarAsync<byte[]>("SELECT encrypted_data FROM external_credentials");
        var organization = await Database.ScalarAsync<long>("SELECT organization_id FROM external_credentials");

        // Which is how it opened all types.
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => _process.Get<CredentialProtector>().Unprotect(organization, Uuid, encrypted));
    }

    [Fact]
    public async Task A_token_lies_in_the_database_encrypted()
    {
        await AddAsync(_issuer.Data());
        await StartWorkerAsync();
        await UntilAllAsync(DeliveryStatus.Succeeded);

        Assert.DoesNotContain("token-1", Encoding.Latin1.GetString(await Database.ScalarAsync<byte[]>("SELECT encrypted_token FROM oauth_tokens")), StringComparison.Ordinal);
    }

    private byte[] Sealed(string data) => _process.Get<CredentialProtector>().Protect(CredentialType.OAuthClientCredentials, _organization, Uuid, data);

    private async Task<ARun> RunAsync()
    {
        if (_run is not null) return _run;
        _organization = await Database.AddOrganizationAsync();
        return _run = await Database.AddRunAsync(_organization);
    }

    // The credential, and a delivery that names it.
    private async Task<DeliveryKey> AddAsync(string data) => Assert.Single(await AddAsync(data, count: 1));

    private async Task<IReadOnlyList<DeliveryKey>> AddAsync(string data, int count)
    {
        var run = await RunAsync();
        await Database.AddCredentialAsync(_process, run.OrganizationId, Uuid, CredentialType.OAuthClientCredentials, data);
        return await AddMoreAsync(count);
    }

    private async Task<IReadOnlyList<DeliveryKey>> AddMoreAsync(int count) =>
        await Database.AddAsync(count, ADelivery().Of(await RunAsync()).To(Receiver.Url).WithCredential(Uuid));

    private Task<IReadOnlyList<string>> WorkersAsync() => Database.ColumnAsync<string>("SELECT DISTINCT worker FROM webhook_delivery_attempts");
}
