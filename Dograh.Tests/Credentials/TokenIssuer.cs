using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Dograh.Tests.Support;

namespace Dograh.Tests.Credentials;

/// <summary>A token endpoint on loopback. Until told otherwise it gives a token to everybody: <c>token-1</c>, <c>token-2</c>, …, each for an hour.</summary>
internal sealed class TokenIssuer : IAsyncDisposable
{
    private readonly Receiver _server;
    private readonly ConcurrentQueue<string> _issued = new();

    private TokenIssuer(Receiver server)
    {
        _server = server;
        Gives();
    }

    /// <summary>Its URL.</summary>
    public Uri Url => _server.At("/token");

    /// <summary>What it was asked.</summary>
    public IReadOnlyList<ReceivedRequest> Requests => _server.Requests;

    /// <summary>The tokens that it gave, in order.</summary>
    public IReadOnlyList<string> Issued => [.. _issued];

    public static async Task<TokenIssuer> StartAsync() => new(await Receiver.StartAsync());

    /// <summary>The data of a credential that asks it.</summary>
    public string Data(string clientId = "a client", string clientSecret = "s3cret/of+the:client", string? scope = null, string? audience = null) =>
        JsonSerializer.Serialize(new { token_url = Url.OriginalString, client_id = clientId, client_secret = clientSecret, scope, audience });

    /// <summary>Gives tokens, with these members beside each, and not before the gate opens.</summary>
    public void Gives(string members = "\"token_type\": \"Bearer\", \"expires_in\": 3600", Task? gate = null) => _server.Answers(_ =>
    {
        var token = $"token-{_issued.Count + 1}";
        _issued.Enqueue(token);
        return Reply.Status(200, $$"""{"access_token": "{{token}}", {{members}}}""").After(gate ?? Task.CompletedTask);
    });

    /// <summary>Answers so, and gives nothing.</summary>
    public void Says(Reply reply) => _server.Answers(reply);

    /// <summary>Answers as the request asks for.</summary>
    public void Says(Func<ReceivedRequest, Reply> answer) => _server.Answers(answer);

    /// <summary>Waits until it was asked so often.</summary>
    public Task<IReadOnlyList<ReceivedRequest>> RequestsAsync(int count) => _server.RequestsAsync(count);

    /// <summary>Who asked, as HTTP Basic has it.</summary>
    public static string BasicOf(ReceivedRequest request) => Encoding.UTF8.GetString(Convert.FromBase64String(request.Header("Authorization")!["Basic ".Length..]));

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
