using Dograh.Client;
using Dograh.Tests.Support;

namespace Dograh.Tests.Client;

/// <summary>What a client says where no API of Dograh's answers, or a newer one does.</summary>
public sealed class ClientFaultTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_is_not_there_cannot_be_reached()
    {
        var address = new Uri($"http://127.0.0.1:{Dograh.Standalone.FreePort.Next()}/");

        var e = await Assert.ThrowsAsync<DograhConnectionException>(() => Client(address).Stats.GetAsync(cancellationToken: Token));

        Assert.Equal(address, e.Address);
        Assert.Contains($"{address} cannot be reached: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_hangs_up_cannot_be_reached_either()
    {
        await using var server = RawReceiver.Resetting();

        await Assert.ThrowsAsync<DograhConnectionException>(() => Client(server.Url).Stats.GetAsync(cancellationToken: Token));
    }

    [Fact]
    public async Task One_that_breaks_off_its_answer_is_a_broken_connection()
    {
        await using var server = RawReceiver.Answering("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"window\":");

        await Assert.ThrowsAsync<DograhConnectionException>(() => Client(server.Url).Stats.GetAsync(cancellationToken: Token));
    }

    [Fact]
    public async Task One_that_does_not_answer_in_time_is_told_from_a_caller_who_gives_up()
    {
        await using var server = await Receiver.StartAsync();
        var never = new TaskCompletionSource();
        server.Answers(_ => Reply.Ok.After(never.Task));
        using var http = new HttpClient { BaseAddress = server.Url, Timeout = TimeSpan.FromSeconds(0.2) };
        using var patient = new HttpClient { BaseAddress = server.Url };
        using var giveUp = new CancellationTokenSource();

        var late = await Assert.ThrowsAsync<DograhConnectionException>(() => new DograhClient(http).Stats.GetAsync(cancellationToken: Token));
        var waiting = new DograhClient(patient).Stats.GetAsync(cancellationToken: giveUp.Token);
        await server.RequestsAsync(2);
        await giveUp.CancelAsync();

        Assert.Contains("did not answer within 0.2 s", late.Message, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        never.SetResult();
    }

    [Theory]
    [InlineData("text/html", "<html>Welcome to nginx!</html>", 200)]
    [InlineData("text/html", "<html>Bad Gateway</html>", 502)]
    [InlineData("application/json", "nonsense", 200)]
    [InlineData("application/json", "[]", 200)]
    [InlineData("application/json", "null", 200)]
    [InlineData("application/json", "nonsense", 500)]
    [InlineData("application/json", "{}", 404)]
    public async Task Something_else_at_the_address_is_said_to_be_no_API_of_Dograhs(string type, string body, int status)
    {
        await using var server = await AnsweringAsync(status, type, body);

        var e = await Assert.ThrowsAsync<DograhConnectionException>(() => Client(server.Url).Stats.GetAsync(cancellationToken: Token));

        Assert.Contains("Dograh's API", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_of_something_else_is_no_health()
    {
        await using var server = await AnsweringAsync(200, "text/plain", "OK");

        await Assert.ThrowsAsync<DograhConnectionException>(() => Client(server.Url).GetHealthAsync(Token));
    }

    [Fact]
    public async Task A_problem_says_when_to_come_again()
    {
        await using var server = await AnsweringAsync(503, "application/problem+json", """{"title": "Too busy", "status": 503, "detail": "Later.", "trace_id": "abc"}""", ("Retry-After", "5"));

        var e = await Assert.ThrowsAsync<DograhApiException>(() => Client(server.Url).Stats.GetAsync(cancellationToken: Token));

        Assert.Equal((503, "Too busy", "Later.", "abc", TimeSpan.FromSeconds(5)), (e.Status, e.Title, e.Detail, e.TraceId, e.RetryAfter));
        Assert.Empty(e.Errors);
    }

    [Fact]
    public async Task What_a_newer_server_says_besides_does_not_matter()
    {
        await using var server = await AnsweringAsync(
            200, "application/json",
            """
            {"items": [{"id": "00000000-0000-0000-0000-000000000001", "workflow_run_id": 1, "workflow_id": 1, "webhook_node_id": "hook", "webhook_name": "Hook",
              "endpoint_url": "https://receiver.example/", "http_method": "QUERY", "status": "paused", "attempt_count": 0, "max_attempts": 5, "colour": {"name": "red"},
              "created_at": "2026-01-01T00:00:00.000000Z", "updated_at": "2026-01-01T00:00:00.000000Z", "waiting_for": {"reason": "moon", "until": null, "phase": 1}}],
             "next_cursor": null, "total": 1}
            """);

        var delivery = (await Client(server.Url).Deliveries.ListAsync(cancellationToken: Token)).Items.Single();

        Assert.Equal(("paused", "moon", null), (delivery.Status, delivery.WaitingFor!.Reason, delivery.LastStatusCode));
    }

    [Theory]
    [InlineData("schlüssel")]
    [InlineData("a key\r\nX-Other: header")]
    public async Task A_key_that_no_header_may_hold_is_refused_as_any_wrong_key(string key)
    {
        await using var server = await Receiver.StartAsync();

        var e = await Assert.ThrowsAsync<DograhApiException>(() => new DograhClient(Http(server.Url), key).Stats.GetAsync(cancellationToken: Token));

        Assert.Equal((401, "Unauthorized"), (e.Status, e.Title));
        Assert.Empty(server.Requests);
    }

    private static DograhClient Client(Uri address) => new(Http(address), "a key");

    private static HttpClient Http(Uri address) => new() { BaseAddress = new Uri(address, "/") };

    private static async Task<Receiver> AnsweringAsync(int status, string type, string body, params (string Name, string Value)[] headers)
    {
        var server = await Receiver.StartAsync();
        var reply = Reply.Status(status, body).With("Content-Type", type);
        foreach (var (name, value) in headers) reply = reply.With(name, value);
        server.Answers(reply);
        return server;
    }
}
