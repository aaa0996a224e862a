using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace Dograh.Webhooks.Queue;

/// <summary>Connects to Redis while the process starts, whether or not it is there.</summary>
/// <remarks>
/// Connecting needs threads. Left to the first requests, all of them would wait for it on the threads that it needs, until it times out and
/// their deliveries are left to the sweep.
/// </remarks>
internal sealed class QueueConnection(IServiceProvider services) : IHostedService
{
    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _ = services.GetRequiredService<IConnectionMultiplexer>();
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
