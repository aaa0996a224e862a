using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dograh.Tests.Telemetry;

/// <summary>A collector of OTLP over HTTP with protobuf, on loopback. It keeps what it gets, parsed and as it came.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private const string ContentType = "application/x-protobuf";

    private readonly WebApplication _server;
    private readonly ConcurrentQueue<byte[]> _bodies = new();
    private readonly ConcurrentQueue<OtlpSpan> _spans = new();
    private readonly ConcurrentQueue<OtlpLogRecord> _logs = new();
    private readonly ConcurrentQueue<OtlpMetric> _metrics = new();

    private OtlpReceiver(WebApplication server)
    {
        _server = server;
        server.Run(ReceiveAsync);
    }

    /// <summary>Its address, for <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>.</summary>
    public string Url => _server.Urls.Single();

    /// <summary>The spans so far.</summary>
    public IReadOnlyList<OtlpSpan> Spans => [.. _spans];

    /// <summary>The log records so far.</summary>
    public IReadOnlyList<OtlpLogRecord> Logs => [.. _logs];

    /// <summary>The instruments so far, once for each export.</summary>
    public IReadOnlyList<OtlpMetric> Metrics => [.. _metrics];

    /// <summary>Starts one.</summary>
    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        var receiver = new OtlpReceiver(builder.Build());
        await receiver._server.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    /// <summary>Whether a text is anywhere in what came, whatever it is a part of.</summary>
    public bool Has(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return _bodies.Any(body => body.AsSpan().IndexOf(bytes) >= 0);
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        Assert.Equal(ContentType, context.Request.ContentType);
        using var buffer = new MemoryStream();
        await using var body = context.Request.Headers.ContentEncoding == "gzip"
            ? new GZipStream(context.Request.Body, CompressionMode.Decompress)
            : context.Request.Body;
        await body.CopyToAsync(buffer, context.RequestAborted);
        Keep(context.Request.Path, buffer.ToArray());
        context.Response.ContentType = ContentType;
    }

    private void Keep(string path, byte[] body)
    {
        _bodies.Enqueue(body);
        var request = ProtobufMessage.Parse(body);
        switch (path)
        {
            case "/v1/traces":
                foreach (var span in OtlpSpan.ReadAll(request)) _spans.Enqueue(span);
                break;
            case "/v1/logs":
                foreach (var record in OtlpLogRecord.ReadAll(request)) _logs.Enqueue(record);
                break;
            case "/v1/metrics":
                foreach (var metric in OtlpMetric.ReadAll(request)) _metrics.Enqueue(metric);
                break;
            default:
                throw new InvalidOperationException($"OTLP has no {path}.");
        }
    }
}
