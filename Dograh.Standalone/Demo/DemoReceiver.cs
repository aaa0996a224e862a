using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dograh.Standalone;

/// <summary>A receiver of webhooks that refuses each delivery twice before it accepts it.</summary>
internal sealed class DemoReceiver : IAsyncDisposable
{
    private const int Refusals = 2;
    private const string Path = "/webhook";

    private readonly WebApplication _app;
    private readonly Terminal _terminal;
    private readonly ConcurrentDictionary<string, int> _arrivals = new();

    private DemoReceiver(int port, Terminal terminal)
    {
        Port = port;
        _terminal = terminal;

        // The empty builder: this listener must not heed the ASPNETCORE_ variables that are meant for the API.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        _app = builder.Build();
        _app.Run(ReceiveAsync);
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Where webhooks are to be sent.</summary>
    public string Url => $"http://127.0.0.1:{Port}{Path}";

    /// <summary>Starts listening.</summary>
    /// <param name="port">The port of an earlier start, which workflows may still name; another is taken if it is not free.</param>
    /// <param name="terminal">Told of each arrival.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<DemoReceiver> StartAsync(int? port, Terminal terminal, CancellationToken cancellationToken)
    {
        var receiver = new DemoReceiver(port is { } last && FreePort.IsFree(last) ? last : FreePort.Next(), terminal);
        await receiver._app.StartAsync(cancellationToken);
        return receiver;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        var delivery = context.Request.Headers["X-Dograh-Delivery-Id"].ToString();
        var attempt = context.Request.Headers["X-Dograh-Delivery-Attempt"].ToString();
        var status = _arrivals.AddOrUpdate(delivery, 1, (_, before) => before + 1) > Refusals
            ? StatusCodes.Status200OK
            : StatusCodes.Status503ServiceUnavailable;
        context.Response.StatusCode = status;
        _terminal.Event($"receiver: attempt {attempt} arrived, answered {status}");
    }

    /// <summary>The usual lifetime of a host would take Ctrl+C for itself.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
