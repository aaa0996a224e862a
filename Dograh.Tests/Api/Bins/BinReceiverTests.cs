using System.Text;
using System.Text.Json;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Bins;

/// <summary>What a bin does with what is sent to it.</summary>
public sealed class BinReceiverTests(ApiFixture fixture, TestServers servers) : ApiTest(fixture)
{
    private const string Redacted = "[REDACTED]";

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    [InlineData("HEAD")]
    [InlineData("PROPFIND")]
    public async Task Whatever_the_method_and_path_it_is_recorded_as_it_came(string method)
    {
        var (acme, bin) = await NewBinAsync();

        var answer = await Api.Anonymous.SendAsync(HttpMethod.Parse(method), $"/bin/{bin}/orders/a%2Fb%20c?x=1&y=%C3%A9", method is "POST" ? ApiCaller.Json("""{"a": 1}""") : null);

        Assert.Equal(200, answer.Status);
        var got = await OnlyAsync(acme, bin);
        Assert.Equal(
            ["number", "received_at", "method", "path", "query", "headers", "body", "body_base64", "body_length", "body_is_cut", "webhook_id", "attempt", "signature", "answered"], got.Names());
        Assert.Equal((method, $"/bin/{bin}/orders/a%2Fb%20c", "x=1&y=%C3%A9"), (got.Text("method"), got.Text("path"), got.Text("query")));
        Assert.Equal(method is "POST" ? """{"a": 1}""" : "", got.Text("body"));
        Assert.Equal(method is "HEAD", answer.Body.Length == 0);
        Assert.Equal("header_missing", got.Text("signature"));
        got.At("answered").Matches("""{"status": 200, "delay_ms": 0}""");
    }

    [Fact]
    public async Task It_fails_as_often_as_it_was_told_and_not_once_more_however_many_come_at_once_and_to_whichever_API()
    {
        await using var database = await servers.RentDatabaseAsync();
        await using var redis = await servers.RentRedisAsync();
        await using var one = await ApiHost.StartAsync(database, redis.ConnectionString, ("Bins:RequestsPerMinute", 0));
        await using var other = await ApiHost.StartAsync(database, redis.ConnectionString, ("Bins:RequestsPerMinute", 0));
        var acme = await one.NewOrganizationAsync();
        var bin = (await acme.PostAsync("bins", new { name = "mine", fail_times = 17, fail_status = 500, status = 202, retry_after_seconds = 3 })).Is(201).Text("id");

        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(n => (n % 2 == 0 ? one : other).Anonymous.PostAsync($"/bin/{bin}", "{}")));

        Assert.Equal((17, 43), (answers.Count(answer => answer.Status == 500), answers.Count(answer => answer.Status == 202)));
        Assert.All(answers, answer => Assert.Equal(answer.Status == 500 ? "3" : null, answer.Header("Retry-After")));
        var got = (await acme.GetAsync($"bins/{bin}/requests?limit=200")).Is(200).Items();
        Assert.Equal(Enumerable.Range(1, 60).Reverse().Select(n => (long)n), got.Select(request => request.Number("number")));
        Assert.All(got, request => Assert.Equal(request.Number("number") <= 17 ? 500 : 202, request.Number("answered/status")));
        Assert.Equal((0, 60), ((await acme.GetAsync($"bins/{bin}")).Json.Number("fail_times"), (await acme.GetAsync($"bins/{bin}")).Json.Number("received")));

        // And again, from where it stands.
        (await acme.PutAsync($"bins/{bin}", new { fail_times = 1 })).Is(200);
        Assert.Equal((500, 202), ((await one.Anonymous.PostAsync($"/bin/{bin}", "{}")).Status, (await one.Anonymous.PostAsync($"/bin/{bin}", "{}")).Status));
    }

    [Theory]
    [InlineData(204)]
    [InlineData(302)]
    [InlineData(304)]
    [InlineData(404)]
    [InlineData(410)]
    [InlineData(500)]
    [InlineData(599)]
    public async Task It_answers_any_status_with_its_own_words(int status)
    {
        var (_, bin) = await NewBinAsync(new { name = "mine", status });

        var answer = await Api.Anonymous.PostAsync($"/bin/{bin}", "{}");

        Assert.Equal(status, answer.Status);
        Assert.NotEqual("application/problem+json", answer.Header("Content-Type"));
        foreach (var name in (string[])["Set-Cookie", "Server", "Access-Control-Allow-Origin", "WWW-Authenticate"]) Assert.Null(answer.Header(name));
        Assert.Equal(("nosniff", "no-store"), (answer.Header("X-Content-Type-Options"), answer.Header("Cache-Control")));
        Assert.StartsWith("default-src 'none'", answer.Header("Content-Security-Policy"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_as_slow_as_it_was_told_and_shows_the_request_meanwhile()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var api = await ApiHost.StartAsync(servers, services => services.Replace(ServiceDescriptor.Singleton(provider =>
            ActivatorUtilities.CreateInstance<Dograh.Api.Bins.BinReceiver>(provider, time))));
        var acme = await api.NewOrganizationAsync();
        var bin = (await acme.PostAsync("bins", new { name = "slow", delay_ms = 30_000 })).Is(201).Text("id");

        var waiting = api.Anonymous.PostAsync($"/bin/{bin}", "{}");
        await Eventually.TrueAsync(async () => (await acme.GetAsync($"bins/{bin}/requests")).Is(200).Items().Count == 1);
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(waiting.IsCompleted);
        // Its delay may begin a moment after it was stored.
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return waiting.IsCompleted;
        });

        Assert.Equal(200, (await waiting).Status);
        Assert.Equal(30_000, (await acme.GetAsync($"bins/{bin}/requests")).Json.Number("items/0/answered/delay_ms"));
    }

    [Fact]
    public async Task An_API_that_is_asked_to_stop_does_not_wait_for_a_slow_bin()
    {
        await using var api = await ApiHost.StartAsync(servers);
        var acme = await api.NewOrganizationAsync();
        var bin = (await acme.PostAsync("bins", new { name = "slow", delay_ms = 60_000, status = 202 })).Is(201).Text("id");
        var waiting = api.Anonymous.PostAsync($"/bin/{bin}", "{}");
        await Eventually.TrueAsync(async () => (await acme.GetAsync($"bins/{bin}")).Is(200).Number("received") == 1);
        var began = TimeProvider.System.GetTimestamp();

        api.Services.GetRequiredService<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().StopApplication();

        Assert.Equal(202, (await waiting).Status);
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_slow_bin_takes_the_room_of_no_body()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Api:MaxBodyBytesAtATime", 1024 * 1024));
        var acme = await api.NewOrganizationAsync();
        var bin = (await acme.PostAsync("bins", new { name = "slow", delay_ms = 60_000 })).Is(201).Text("id");
        using var patience = new CancellationTokenSource();
        var slow = Enumerable.Range(0, 3).Select(async _ =>
        {
            using var content = new ByteArrayContent(new byte[1024 * 1024]);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => api.Anonymous.Http.PostAsync(new Uri($"/bin/{bin}", UriKind.Relative), content, patience.Token));
        }).ToList();

        await Eventually.TrueAsync(async () => (await acme.GetAsync($"bins/{bin}/requests?limit=5")).Is(200).Items().Count == 3);
        (await acme.PostAsync("credentials", new { name = "x", description = new string('x', 4000), credential_type = "none", padding = new string('x', 900_000) })).Is(201);

        await patience.CancelAsync();
        await Task.WhenAll(slow).Soon();
    }

    [Fact]
    public async Task Of_a_body_its_beginning_is_kept_and_its_length_is_told()
    {
        var (acme, bin) = await NewBinAsync();
        // Two bytes a character, so that the cut goes through one.
        var text = "a" + new string('é', 40_000);
        await PostAsync(bin, Encoding.UTF8.GetBytes(text));
        await PostAsync(bin, [0xff, 0xfe, 0x00, 0x01]);
        await PostAsync(bin, "a\0b"u8.ToArray());
        await PostAsync(bin, [.. Enumerable.Repeat((byte)0xff, 70_000)]);

        var got = (await acme.GetAsync($"bins/{bin}/requests")).Is(200).Items();

        Assert.Equal((text[..32_768], 80_001, true), (got[3].Text("body"), got[3].Number("body_length"), got[3].At("body_is_cut").GetBoolean()));
        Assert.Equal((true, "//4AAQ==", false), (got[2].IsNull("body"), got[2].Text("body_base64"), got[2].At("body_is_cut").GetBoolean()));
        Assert.Equal("a\0b", got[1].Text("body"));
        Assert.Equal((64 * 1024, 70_000), (Convert.FromBase64String(got[0].Text("body_base64")).Length, got[0].Number("body_length")));
    }

    [Fact]
    public async Task Too_large_a_body_is_refused_and_not_recorded()
    {
        var (acme, bin) = await NewBinAsync();

        using var content = new ByteArrayContent(new byte[(1024 * 1024) + 1]);
        (await Api.Anonymous.SendAsync(HttpMethod.Post, $"/bin/{bin}", content)).IsProblem(413);

        Assert.Empty((await acme.GetAsync($"bins/{bin}/requests")).Is(200).Items());
    }

    [Fact]
    public async Task The_last_two_hundred_are_kept_and_paged_newest_first()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Bins:RequestsPerMinute", 0));
        var acme = await api.NewOrganizationAsync();
        var bin = (await acme.PostAsync("bins", new { name = "mine" })).Is(201).Text("id");
        for (var n = 0; n < 203; n++) Assert.Equal(200, (await api.Anonymous.GetAsync($"/bin/{bin}")).Status);

        var first = (await acme.GetAsync($"bins/{bin}/requests?limit=120")).Is(200);
        var second = (await acme.GetAsync($"bins/{bin}/requests?limit=120&cursor={first.Text("next_cursor")}")).Is(200);

        Assert.Equal(Enumerable.Range(4, 200).Reverse().Select(n => (long)n), first.Items().Concat(second.Items()).Select(request => request.Number("number")));
        Assert.True(second.IsNull("next_cursor"));
        Assert.Equal(200, await api.Database.ScalarAsync<long>("SELECT count(*) FROM bin_requests"));
        (await acme.GetAsync($"bins/{bin}/requests?cursor=x")).Blames("cursor");
    }

    [Fact]
    public async Task A_bin_takes_so_many_a_minute_and_the_others_go_on()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Bins:RequestsPerMinute", 3));
        var acme = await api.NewOrganizationAsync();
        var bin = (await acme.PostAsync("bins", new { name = "mine" })).Is(201).Text("id");
        var another = (await acme.PostAsync("bins", new { name = "another" })).Is(201).Text("id");

        for (var n = 0; n < 3; n++) Assert.Equal(200, (await api.Anonymous.PostAsync($"/bin/{bin}", "{}")).Status);
        var refused = await api.Anonymous.PostAsync($"/bin/{bin}", "{}");

        refused.IsProblem(429);
        Assert.InRange(int.Parse(refused.Header("Retry-After")!), 1, 60);
        Assert.Equal(3, (await acme.GetAsync($"bins/{bin}")).Is(200).Number("received"));
        Assert.Equal(200, (await api.Anonymous.PostAsync($"/bin/{another}", "{}")).Status);
    }

    [Fact]
    public async Task What_is_no_bin_is_404_and_no_key_is_looked_for()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Api:FailedLoginsPerMinutePerAddress", 3));
        var acme = await api.NewOrganizationAsync();
        var bin = (await acme.PostAsync("bins", new { name = "mine" })).Is(201).Text("id");
        var withToken = api.WithKey("a customer's token for the receiver");

        (await api.Anonymous.PostAsync($"/bin/{Guid.NewGuid()}", "{}")).IsProblem(404);
        (await api.Anonymous.GetAsync("/bin/nothing")).IsProblem(404);
        (await api.Anonymous.GetAsync("/bin")).IsProblem(404);
        // As many as would lock an address out that tries keys.
        for (var n = 0; n < 10; n++) Assert.Equal(200, (await withToken.PostAsync($"/bin/{bin}", "{}")).Status);
        (await withToken.GetAsync("workflows")).IsProblem(401);
    }

    [Fact]
    public async Task A_header_that_may_hold_a_secret_is_kept_without_its_value()
    {
        var (acme, bin) = await NewBinAsync();

        await Api.Anonymous.SendAsync(
            HttpMethod.Post, $"/bin/{bin}", ApiCaller.Json("{}"), ("Authorization", "Bearer plain-secret"), ("Cookie", "session=plain-secret"), ("X-Whatever", "plain-secret"), ("User-Agent", "curl/8"));

        var list = await acme.GetAsync($"bins/{bin}/requests");
        var headers = list.Is(200).At("items/0/headers");
        Assert.All((string[])["Authorization", "Cookie", "X-Whatever"], name => Assert.Equal(Redacted, headers.Text(name)));
        Assert.Equal(("curl/8", "application/json; charset=utf-8"), (headers.Text("User-Agent"), headers.Text("Content-Type")));
        Assert.DoesNotContain("plain-secret", list.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("plain-secret", await Database.DumpAsync(acme.Id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_delivery_arrives_with_its_attempts_its_custom_headers_and_a_signature_that_verifies()
    {
        await using var database = await servers.RentDatabaseAsync();
        await using var redis = await servers.RentRedisAsync();
        await using var api = await ApiHost.StartAsync(database, redis.ConnectionString);
        await using var worker = await TestWorker.StartAsync(database, redis.ConnectionString);
        var acme = await api.NewOrganizationAsync();
        var bin = (await acme.PostAsync("bins", new { name = "mine", fail_times = 2 })).Is(201);
        var credential = (await acme.PostAsync(
            "credentials", new { name = "x", credential_type = "custom_header", credential_data = new { header_name = "X-Campaign", header_value = "secret-of-the-credential" } })).Is(201).Text("uuid");
        var workflow = await acme.AddWorkflowAsync(Webhook(
            "hook", ("endpoint_url", bin.Text("url")), ("credential_uuid", credential),
            ("custom_headers", new System.Text.Json.Nodes.JsonArray(Header("X-Note", "for all to see"), Header("X-Campaign", "not sent, for the credential's wins")))));
        (await acme.PostAsync("signing-secrets", new { algorithm = "v1a", workflow_id = workflow, webhook_node_id = "hook" })).Is(201);

        var delivery = (await acme.StoreRunAsync(workflow)).Text("deliveries/0/delivery_id");
        await Eventually.TrueAsync(async () => (await acme.GetAsync($"deliveries/{delivery}")).Is(200).Text("status") == "succeeded");

        var list = await acme.GetAsync($"bins/{bin.Text("id")}/requests");
        var got = list.Is(200).Items();
        Assert.Equal([(3, 200), (2, 503), (1, 503)], got.Select(request => ((int)request.Number("attempt"), (int)request.Number("answered/status"))));
        Assert.All(got, request =>
        {
            Assert.Equal(("valid", delivery), (request.Text("signature"), request.Text("webhook_id")));
            Assert.Equal(("for all to see", Redacted), (request.At("headers").Text("X-Note"), request.At("headers").Text("X-Campaign")));
        });
        Assert.DoesNotContain("secret-of-the-credential", list.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_what_the_organization_has_signed_verifies()
    {
        var (acme, bin) = await NewBinAsync();
        var stranger = await Api.NewOrganizationAsync("Stranger");
        var url = new Uri(Api.Address, $"/bin/{bin}").AbsoluteUri;

        await TestAsync(acme);
        await TestAsync(stranger);
        var got = (await acme.GetAsync($"bins/{bin}/requests")).Is(200).Items();
        Assert.Equal(["signature_wrong", "valid"], got.Select(request => request.Text("signature")));

        // The very request once more, with another byte in its body, and with another time.
        var valid = got[1].At("headers");
        await AgainAsync(got[1].Text("body"), valid.Text("webhook-timestamp"));
        await AgainAsync(got[1].Text("body") + " ", valid.Text("webhook-timestamp"));
        await AgainAsync(got[1].Text("body"), "1");
        await AgainAsync(got[1].Text("body"), "soon");
        Assert.Equal(
            ["timestamp_malformed", "timestamp_too_old", "signature_wrong", "valid"],
            (await acme.GetAsync($"bins/{bin}/requests")).Is(200).Items().Take(4).Select(request => request.Text("signature")));

        async Task TestAsync(ApiOrganization sender)
        {
            var credential = (await sender.PostAsync("credentials", new { name = "x", credential_type = "bearer_token", credential_data = new { token = "a-token-of-it" } })).Is(201).Text("uuid");
            (await sender.PostAsync($"credentials/{credential}/test", new { url })).Is(200);
        }

        Task AgainAsync(string body, string timestamp) => Api.Anonymous.SendAsync(
            HttpMethod.Post, $"/bin/{bin}", ApiCaller.Json(body), ("webhook-id", valid.Text("webhook-id")), ("webhook-timestamp", timestamp), ("webhook-signature", valid.Text("webhook-signature")));
    }

    private async Task<(ApiOrganization Acme, string Bin)> NewBinAsync(object? bin = null)
    {
        var acme = await Api.NewOrganizationAsync();
        return (acme, (await acme.PostAsync("bins", bin ?? new { name = "mine" })).Is(201).Text("id"));
    }

    private static async Task<JsonElement> OnlyAsync(ApiOrganization acme, string bin) => Assert.Single((await acme.GetAsync($"bins/{bin}/requests")).Is(200).Items());

    private async Task PostAsync(string bin, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        Assert.Equal(200, (await Api.Anonymous.SendAsync(HttpMethod.Post, $"/bin/{bin}", content)).Status);
    }
}
