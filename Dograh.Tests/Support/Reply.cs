using System.Text;
using Microsoft.AspNetCore.Http;

namespace Dograh.Tests.Support;

/// <summary>What a <see cref="Receiver"/> answers.</summary>
internal sealed record Reply
{
    private static readonly TimeSpan DripInterval = TimeSpan.FromMilliseconds(50);

    private int _statusCode = 200;
    private (string Name, string Value)[] _headers = [];
    private Task _gate = Task.CompletedTask;
    private Func<HttpContext, Task> _body = _ => Task.CompletedTask;

    private Reply()
    {
    }

    /// <summary>200 and nothing else.</summary>
    public static Reply Ok => new();

    /// <summary>No status line, ever: holds the request until its caller hangs up.</summary>
    public static Reply Nothing => Ok.After(Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None));

    /// <summary>Cuts the connection without a word.</summary>
    public static Reply Abort { get; } = new()
    {
        _statusCode = 0,
        _body = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        },
    };

    /// <summary>A status and a text.</summary>
    public static Reply Status(int statusCode, string body = "") => new()
    {
        _statusCode = statusCode,
        _body = context => body.Length == 0 ? Task.CompletedTask : context.Response.WriteAsync(body, context.RequestAborted),
    };

    /// <summary>A redirect.</summary>
    public static Reply Redirect(Uri location, int statusCode = 302) => Status(statusCode).With("Location", location.AbsoluteUri);

    /// <summary>The same with a header more.</summary>
    public Reply With(string name, string value) => this with { _headers = [.. _headers, (name, value)] };

    /// <summary>The same, but not before the task is done.</summary>
    public Reply After(Task gate) => this with { _gate = gate };

    /// <summary>The same, its body without end.</summary>
    public Reply Endless() => this with
    {
        _body = async context =>
        {
            var block = Encoding.ASCII.GetBytes(new string('x', 16 * 1024));
            while (true) await context.Response.Body.WriteAsync(block, context.RequestAborted);
        },
    };

    /// <summary>The same, its body a byte now and then without end.</summary>
    public Reply Dripping() => this with
    {
        _body = async context =>
        {
            using var drip = new PeriodicTimer(DripInterval, TimeProvider.System);
            do
            {
                await context.Response.WriteAsync(".", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
            while (await drip.WaitForNextTickAsync(context.RequestAborted));
        },
    };

    internal async Task WriteAsync(HttpContext context)
    {
        await _gate.WaitAsync(context.RequestAborted);
        if (_statusCode != 0) context.Response.StatusCode = _statusCode;
        foreach (var (name, value) in _headers) context.Response.Headers.Append(name, value);
        await _body(context);
    }
}
