using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Telemetry;

/// <summary>The test classes that share an <see cref="ObservedStack"/>.</summary>
[CollectionDefinition]
public sealed class ObservedStackUsers : ICollectionFixture<ObservedStack>;

/// <summary>An API and a worker that log everything and export over OTLP, with what they export and write.</summary>
public sealed class ObservedStack(TestServers servers) : IAsyncLifetime
{
    // Named each, for the services' settings files say less of some.
    private static readonly string[] Categories =
        ["Default", "Microsoft.AspNetCore", "Microsoft.EntityFrameworkCore", "Microsoft.AspNetCore.DataProtection", "Npgsql", "Polly"];

    /// <summary>Its database.</summary>
    public TestDatabase Database { get; private set; } = null!;

    /// <summary>Its processes.</summary>
    public RunningStack Stack { get; private set; } = null!;

    /// <summary>What gets their telemetry.</summary>
    internal OtlpReceiver Otlp { get; private set; } = null!;

    /// <summary>Its Redis.</summary>
    public TestRedis Redis { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await servers.RentDatabaseAsync();
        Redis = await servers.RentRedisAsync();
        Otlp = await OtlpReceiver.StartAsync();
        Stack = new RunningStack(
            servers.NewFolder("observed"), Database.ConnectionString, Redis.ConnectionString,
            // More failures than any test makes of one receiver, but for the one that opens a circuit.
            ("WebhookDelivery:CircuitMinimumAttempts", "8"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", Otlp.Url),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "100"),
            // At this level thousands of records come at once, and none may be missing.
            ("OTEL_BLRP_MAX_QUEUE_SIZE", "65536"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "500"))
        {
            // Not in the environment: the shell that starts a process drops variables with a dot in their name.
            Arguments = [.. Categories.Select(category => $"--Logging:LogLevel:{category}=Trace")],
        };
        // For the worker to remove as it starts.
        await Database.AddAsync(Given.ADelivery().In(DeliveryStatus.Succeeded).EndedAgo(TimeSpan.FromDays(40)));
        await Task.WhenAll(Stack.StartApiAsync(), Stack.StartWorkerAsync());
    }

    public async ValueTask DisposeAsync()
    {
        if (Stack is not null) await Stack.DisposeAsync();
        if (Otlp is not null) await Otlp.DisposeAsync();
        if (Redis is not null) await Redis.DisposeAsync();
        if (Database is not null) await Database.DisposeAsync();
    }
}
