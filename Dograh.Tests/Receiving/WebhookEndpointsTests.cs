using System.Net;
using Dograh.Webhooks.Receiver;
using Dograh.Webhooks.Signing;
using Dograh.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dograh.Tests.Receiving;

/// <summary>An endpoint that receives webhooks, on a real socket.</summary>
public sealed class WebhookEndpointsTests : IAsyncDisposable
{
    private static readonly string Secret = SigningSecretText.CreateSecret();
    private static readonly byte[] Body = """{"call_disposition":"done"}"""u8.ToArray();

    private readonly HttpClient _client = new();
    private readonly List<string> _handled = [];
    private WebApplication? _app;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_signed_webhook_reaches_its_handler_with_its_bytes()
    {
        await StartAsync(webhook => Results.Text(webhook.Read<Payload>()!.Disposition));

        var answer = await SendAsync(Guid.CreateVersion7());

        Assert.Equal((200, "done"), answer);
    }

    [Theory]
    [InlineData("webhook-id", null, 400)]
    [InlineData("webhook-timestamp", null, 400)]
    [InlineData("webhook-signature", null, 400)]
    [InlineData("webhook-timestamp", "yesterday", 400)]
    [InlineData("webhook-timestamp", "1614265330", 401)]
    [InlineData("webhook-signature", "v1,AAAA", 401)]
    public async Task What_is_not_signed_right_is_refused_and_the_handler_sees_nothing_of_it(string header, string? value, int expected)
    {
        await StartAsync();

        var (status, body) = await SendAsync(Guid.CreateVersion7(), headers =>
        {
            headers.Remove(header);
            if (value is not null) headers[header] = value;
        });

        Assert.Equal(expected, status);
        Assert.Contains("Webhook refused", body, StringComparison.Ordinal);
        Assert.Empty(_handled);
    }

    [Fact]
    public async Task A_webhook_that_is_done_is_answered_200_and_not_done_again()
    {
        await StartAsync(memory: new InMemoryWebhooks());
        var id = Guid.CreateVersion7();

        Assert.Equal(204, (await SendAsync(id)).Status);
        Assert.Equal(200, (await SendAsync(id)).Status);
        Assert.Equal(204, (await SendAsync(Guid.CreateVersion7())).Status);

        Assert.Equal(2, _handled.Count);
    }

    [Fact]
    public async Task While_it_is_under_way_another_attempt_is_asked_to_come_again()
    {
        var (begun, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        await StartAsync(
            async _ =>
            {
                begun.SetResult();
                await go.Task;
                return Results.NoContent();
            },
            new InMemoryWebhooks());
        var id = Guid.CreateVersion7();
        var first = SendAsync(id);
        await begun.Task.Soon();

        Assert.Equal(503, (await SendAsync(id)).Status);
        go.SetResult();

        Assert.Equal(204, (await first).Status);
        Assert.Equal(200, (await SendAsync(id)).Status);
    }

    [Fact]
    public async Task What_a_handler_did_not_do_is_its_again()
    {
        var results = new Queue<Func<IResult>>([() => throw new InvalidOperationException("The database is away."), () => Results.StatusCode(503), () => Results.Ok()]);
        await StartAsync(_ => results.Dequeue()(), new InMemoryWebhooks());
        var id = Guid.CreateVersion7();

        var answers = new List<int>();
        for (var attempt = 0; attempt < 4; attempt++) answers.Add((await SendAsync(id)).Status);

        Assert.Equal([500, 503, 200, 200], answers);
        Assert.Equal(3, _handled.Count);
    }

    [Fact]
    public async Task A_handler_that_reads_the_body_otherwise_is_refused_when_the_endpoint_is_built()
    {
        var app = NewApp();
        app.MapPost("/hook", (Payload payload) => payload.Disposition).ReceiveWebhooks(new WebhookVerifier(Secret));
        await app.StartAsync(Token);

        using var response = await _client.PostAsync(new Uri(app.Urls.Single() + "/hook"), new ByteArrayContent(Body), Token);

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_app is not null) await _app.DisposeAsync();
    }

    private Task StartAsync(Func<Webhook, IResult>? handler = null, IWebhookMemory? memory = null) =>
        StartAsync(webhook => Task.FromResult(handler is null ? Results.NoContent() : handler(webhook)), memory);

    private async Task StartAsync(Func<Webhook, Task<IResult>> handler, IWebhookMemory? memory)
    {
        var app = NewApp();
        app.MapPost("/hook", (Webhook webhook) =>
        {
            lock (_handled) _handled.Add(webhook.Id);
            return handler(webhook);
        }).ReceiveWebhooks(new WebhookVerifier(Secret), memory);
        await app.StartAsync(Token);
    }

    private WebApplication NewApp()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        return _app = builder.Build();
    }

    private async Task<(int Status, string Body)> SendAsync(Guid id, Action<Dictionary<string, string>>? change = null)
    {
        var headers = SignedRequest.Headers(Secret, id, TimeSpan.Zero, Body);
        change?.Invoke(headers);
        return await SignedRequest.SendAsync(_client, new Uri(_app!.Urls.Single() + "/hook"), headers, Body);
    }

    private sealed record Payload([property: System.Text.Json.Serialization.JsonPropertyName("call_disposition")] string Disposition);
}
