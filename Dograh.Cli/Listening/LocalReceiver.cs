using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Dograh.Webhooks.Receiver;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Dograh.Cli.Listening;

/// <summary>A small HTTP server that answers as it is told, and hands on what arrived.</summary>
internal sealed class LocalReceiver : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly Manner _manner;
    private readonly Channel<Arrival> _arrivals = Channel.CreateUnbounded<Arrival>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<string, int> _attempts = new(StringComparer.Ordinal);

    private LocalReceiver(WebApplication server, Manner manner)
    {
        _server = server;
        _manner = manner;
        server.Run(ReceiveAsync);
    }

    /// <summary>Its address.</summary>
    public string Url { get; private set; } = "";

    /// <summary>What has arrived and was answered.</summary>
    public ChannelReader<Arrival> Arrivals => _arrivals.Reader;

    /// <summary>Starts one.</summary>
    /// <exception cref="CliException">The address is none of this machine's, or taken.</exception>
    public static async Task<LocalReceiver> StartAsync(string host, int port, Manner manner, CancellationToken cancellationToken)
    {
        if (!IPAddress.TryParse(host == "localhost" ? "127.0.0.1" : host, out var address)) throw CliException.Usage($"'{host}' is not an address of this machine, such as 127.0.0.1 or 0.0.0.0.");
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(address, port));
        var receiver = new LocalReceiver(builder.Build(), manner);
        try
        {
            await receiver._server.StartAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await receiver.DisposeAsync();
            throw new CliException(ExitCodes.Failed, $"Port {port} of {host} cannot be listened on: {e.GetBaseException().Message}", "Another port may be free: --port 0 takes any.");
        }

        receiver.Url = new Uri(receiver._server.Urls.Single()).AbsoluteUri;
        return receiver;
    }

    /// <summary>Lets those that are being answered have their answers.</summary>
    public Task DrainAsync() => _server.StopAsync(CancellationToken.None);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        var request = context.Request;
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, context.RequestAborted);
        var at = TimeProvider.System.GetUtcNow();
        var id = request.Headers[Webhook.IdHeader].ToString();
        // Counted before it is judged: what a retry is to be refused for, it has been refused for before.
        var attempt = id.Length == 0 ? (int?)null : _attempts.AddOrUpdate(id, 1, (_, before) => before + 1);
        var verdict = _manner.Verifier?.Judge(id, request.Headers[Webhook.TimestampHeader], request.Headers[Webhook.SignatureHeader], body.ToArray());
        var status = verdict is not (null or WebhookVerdict.Valid) ? StatusCodes.Status401Unauthorized
            : attempt is { } number && number <= _manner.Failures ? _manner.FailureStatus
            : _manner.Status;
        if (_manner.Delay > TimeSpan.Zero) await Task.Delay(_manner.Delay, TimeProvider.System, context.RequestAborted);

        context.Response.StatusCode = status;
        await context.Response.CompleteAsync();
        var headers = request.Headers.SelectMany(header => header.Value.Select(value => KeyValuePair.Create(header.Key, value ?? ""))).ToList();
        _arrivals.Writer.TryWrite(new Arrival(at, request.Method, request.GetEncodedPathAndQuery(), headers, body.ToArray(), attempt, verdict, status));
    }
}
