using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Http;

/// <summary>What an API does that is asked to stop: says at <c>/health</c> that it goes, serves on until nobody sends to it any more, and only then stops listening.</summary>
/// <remarks>
/// A load balancer learns of the end from a probe, or from somebody who learned of it when this process did: until then it sends requests, and a port that is
/// closed already would refuse them. Every answer meanwhile asks its connection to be closed: a connection that is closed while idle
/// may be closed just as its next request is under way.
/// </remarks>
internal sealed partial class Drain(IOptions<ApiOptions> options, TimeProvider time, ILogger<Drain> logger) : IHostedLifecycleService, IHealthCheck
{
    private volatile bool _isDraining;

    /// <summary>The middleware that asks connections to be closed.</summary>
    public Task CloseConnectionAsync(HttpContext context, RequestDelegate next)
    {
        // HTTP/2 has no such header; it tells its connections itself when the server stops.
        if (_isDraining && HttpProtocol.IsHttp11(context.Request.Protocol)) context.Response.Headers.Connection = "close";
        return next(context);
    }

    /// <summary>Before anything is stopped.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _isDraining = true;
        if (options.Value.DrainSeconds == 0) return;
        LogDraining(logger, options.Value.DrainSeconds);
        await Task.Delay(TimeSpan.FromSeconds(options.Value.DrainSeconds), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_isDraining ? HealthCheckResult.Unhealthy("Stopping.") : HealthCheckResult.Healthy());

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(1, LogLevel.Information, "Asked to stop: serving on for {Seconds} s, until nobody sends here any more.")]
    private static partial void LogDraining(ILogger logger, double seconds);
}
