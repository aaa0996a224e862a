using Dograh.Webhooks.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace Dograh.Webhooks.Queue;

/// <summary>Registers Redis by its connection name, its health (degraded, never unhealthy) and the queue.</summary>
public static class QueueServices
{
    // A request must not wait for a Redis that is away, and a worker turns to PostgreSQL instead.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>Adds the connection, the health check and <see cref="DeliveryQueue"/>.</summary>
    /// <exception cref="MissingSettingException"><c>ConnectionStrings:redis</c> is missing or cannot be read.</exception>
    public static TBuilder AddDograhQueue<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        var connectionString = builder.Configuration.GetConnectionString(ConnectionNames.Redis)
            ?? throw new MissingSettingException(
                $"ConnectionStrings:{ConnectionNames.Redis} is not set. Give the address of Redis, Valkey or Garnet, for instance "
                + $"ConnectionStrings__{ConnectionNames.Redis}='localhost:6379'.");
        try
        {
            _ = ConfigurationOptions.Parse(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new MissingSettingException($"ConnectionStrings:{ConnectionNames.Redis} cannot be read: {e.Message}");
        }

        builder.Services.AddSingleton<IConnectionMultiplexer>(_ => Connect(connectionString));
        builder.Services.AddSingleton<DeliveryQueue>();
        builder.Services.AddHostedService<QueueConnection>();
        builder.Services.AddHealthChecks().AddRedis(
            services => services.GetRequiredService<IConnectionMultiplexer>(), name: "redis", HealthStatus.Degraded, timeout: Timeout);
        return builder;
    }

    /// <summary>Connects as every part of the system does: at once and for good, whether or not Redis is there yet.</summary>
    public static IConnectionMultiplexer Connect(string connectionString)
    {
        var settings = ConfigurationOptions.Parse(connectionString);
        settings.AbortOnConnectFail = false;
        settings.BacklogPolicy = BacklogPolicy.FailFast;
        settings.ConnectTimeout = (int)Timeout.TotalMilliseconds;
        settings.AsyncTimeout = (int)Timeout.TotalMilliseconds;
        settings.SyncTimeout = (int)Timeout.TotalMilliseconds;
        settings.ReconnectRetryPolicy = new LinearRetry(500);
        settings.HeartbeatInterval = TimeSpan.FromSeconds(1);
        settings.ClientName ??= "dograh";
        return ConnectionMultiplexer.Connect(settings);
    }
}
