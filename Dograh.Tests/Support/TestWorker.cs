using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Queue;
using Dograh.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dograh.Tests.Support;

/// <summary>A worker in this process, composed as the program composes it, with settings that make waits short.</summary>
/// <remarks>
/// <see cref="StartAsync"/> runs it; <see cref="Compose"/> only builds it, for tests that call <c>RunOnceAsync</c> themselves.
/// It may send to loopback. Settings are given by their full names: <c>("WebhookDelivery:Concurrency", 4)</c>; null takes one away.
/// </remarks>
internal sealed class TestWorker : IAsyncDisposable
{
    /// <summary>An address where no Redis is.</summary>
    public const string NoRedis = "127.0.0.1:1";

    private readonly IHost _host;
    private bool _stopped;

    private TestWorker(IHost host, TestLog log)
    {
        _host = host;
        Log = log;
    }

    /// <summary>The master key of every test's stack.</summary>
    public static string MasterKey { get; } = Convert.ToBase64String(Enumerable.Range(1, SecretsOptions.MasterKeyBytes).Select(n => (byte)n).ToArray());

    /// <summary>What it logged.</summary>
    public TestLog Log { get; }

    /// <summary>Its services.</summary>
    public IServiceProvider Services => _host.Services;

    /// <summary>Its name, in <c>leased_by</c> and in every attempt.</summary>
    public string Name => Get<WorkerIdentity>().Name;

    /// <summary>Its main loop.</summary>
    public DeliveryDispatcher Dispatcher => Get<DeliveryDispatcher>();

    /// <summary>Its sweep.</summary>
    public DeliverySweep Sweep => Services.GetServices<IHostedService>().OfType<DeliverySweep>().Single();

    /// <summary>Its queue.</summary>
    public DeliveryQueue Queue => Get<DeliveryQueue>();

    /// <summary>The settings that a test's worker, or API, starts from.</summary>
    public static Dictionary<string, string?> Settings(string database, string redis) => new()
    {
        ["ConnectionStrings:dograhdb"] = database,
        ["ConnectionStrings:redis"] = redis,
        ["Secrets:MasterKey"] = MasterKey,
        ["Egress:AllowedNetworks"] = "127.0.0.0/8, ::1/128",
        ["WebhookDelivery:BaseDelaySeconds"] = "0.05",
        ["WebhookDelivery:SweepIntervalSeconds"] = "0.2",
        ["WebhookDelivery:ShutdownGraceSeconds"] = "10",
        ["Bins:Enabled"] = "true",
        // No load balancer sends to a test's API.
        ["Api:DrainSeconds"] = "0",
        // Failing receivers are what most tests are about; a test of the circuit sets its own.
        ["WebhookDelivery:CircuitMinimumAttempts"] = "1000",
    };

    /// <summary>Builds a worker and starts nothing.</summary>
    public static TestWorker Compose(TestDatabase database, string redis, params (string Name, object? Value)[] settings)
    {
        var configuration = Settings(database.ConnectionString, redis);
        foreach (var (name, value) in settings) configuration[name] = value is null ? null : FormattableString.Invariant($"{value}");
        // Without the machine's settings files and environment.
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(configuration);
        var log = new TestLog();
        builder.Logging.AddProvider(log).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Npgsql", LogLevel.Warning).AddFilter("Polly", LogLevel.Warning);
        builder.AddDograhWorker();
        return new TestWorker(builder.Build(), log);
    }

    /// <summary>Builds a worker and starts it.</summary>
    public static async Task<TestWorker> StartAsync(TestDatabase database, string redis, params (string Name, object? Value)[] settings)
    {
        var worker = Compose(database, redis, settings);
        await worker._host.StartAsync(TestContext.Current.CancellationToken);
        return worker;
    }

    /// <summary>One of its services.</summary>
    public T Get<T>() where T : notnull => Services.GetRequiredService<T>();

    /// <summary>Asks it to stop, and waits until it has.</summary>
    public async Task StopAsync()
    {
        if (_stopped) return;
        _stopped = true;
        await _host.StopAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
    }
}
