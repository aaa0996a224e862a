using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dograh.Tests.Support;

/// <summary>A user's HTTP server on loopback: keeps every request it gets, and answers as it is told.</summary>
/// <remarks>
/// <code>
/// await using var receiver = await Receiver.StartAsync();
/// receiver.Answers(503, 503, 200);                                  // in order; the last one from then on
/// receiver.Answers(Reply.Status(429).With("Retry-After", "1"), Reply.Ok);
/// receiver.Answers(request => request.Path == "/slow" ? Reply.Ok.After(gate.Task) : Reply.Ok);
/// var requests = await receiver.RequestsAsync(3);                   // waits until three have come
/// </code>
/// Until told otherwise it answers 200.
/// </remarks>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly Lock _lock = new();
    private readonly List<ReceivedRequest> _requests = [];
    private Func<ReceivedRequest, Reply> _answer = _ => Reply.Ok;
    private int _underWay;
    private int _mostUnderWay;

    private Receiver(WebApplication server)
    {
        _server = server;
        server.Run(ReceiveAsync);
    }

    /// <summary>Its URL: <c>http://127.0.0.1:port/hook</c>.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>The requests so far, in the order in which they came.</summary>
    public IReadOnlyList<ReceivedRequest> Requests
    {
        get
        {
            lock (_lock) return [.. _requests];
        }
    }

    /// <summary>How many requests are being answered now.</summary>
    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>The most that ever were at a time.</summary>
    public int MostUnderWay
    {
        get
        {
            lock (_lock) return _mostUnderWay;
        }
    }

    /// <summary>Starts one.</summary>
    public static async Task<Receiver> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        var receiver = new Receiver(builder.Build());
        await receiver._server.StartAsync(TestContext.Current.CancellationToken);
        receiver.Url = new Uri(new Uri(receiver._server.Urls.Single()), "/hook");
        return receiver;
    }

    /// <summary>Its URL with another path.</summary>
    public Uri At(string path) => new(Url, path);

    /// <summary>Answers with these, in order; with the last one from then on.</summary>
    public void Answers(params Reply[] replies)
    {
        var next = -1;
        Answers(_ => replies[Math.Min(Interlocked.Increment(ref next), replies.Length - 1)]);
    }

    /// <summary>Answers with these status codes, in order; with the last one from then on.</summary>
    public void Answers(params int[] statusCodes) => Answers(Array.ConvertAll(statusCodes, statusCode => Reply.Status(statusCode)));

    /// <summary>Answers as the request asks for.</summary>
    public void Answers(Func<ReceivedRequest, Reply> answer) => Volatile.Write(ref _answer, answer);

    /// <summary>Waits until so many requests have come.</summary>
    public async Task<IReadOnlyList<ReceivedRequest>> RequestsAsync(int count)
    {
        await Eventually.TrueAsync(() => Requests.Count >= count, described: $"the receiver has {count} requests");
        return Requests;
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        ReceivedRequest request;
        lock (_lock)
        {
            request = new ReceivedRequest(
                _requests.Count + 1, context.Request.Method, context.Request.Path, context.Request.QueryString.Value ?? "",
                context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                body.ToArray());
            _requests.Add(request);
            _mostUnderWay = Math.Max(_mostUnderWay, ++_underWay);
        }

        try
        {
            await Volatile.Read(ref _answer)(request).WriteAsync(context);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The caller hung up, or the receiver is being disposed.
        }
        finally
        {
            lock (_lock) _underWay--;
        }
    }
}

/// <summary>A request as the receiver got it.</summary>
/// <param name="Number">1 for the first that came.</param>
/// <param name="Method">The method.</param>
/// <param name="Path">The path, decoded.</param>
/// <param name="Query">The query with its question mark, as sent.</param>
/// <param name="Headers">The headers, found without case; several of one name are joined.</param>
/// <param name="Body">The exact bytes.</param>
internal sealed record ReceivedRequest(
    int Number, string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>A header's value; null if it was not sent.</summary>
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>The body as text.</summary>
    public string Text => System.Text.Encoding.UTF8.GetString(Body);
}
