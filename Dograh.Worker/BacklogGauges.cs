using System.Diagnostics.Metrics;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Queue;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Telemetry;
using StackExchange.Redis;

namespace Dograh.Worker;

/// <summary>Looks at the backlog every now and then, for the gauges <c>dograh.queue.depth</c> and <c>dograh.deliveries.oldest_due_age</c>.</summary>
internal sealed partial class BacklogGauges : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly DatabaseMigrator _migrator;
    private readonly DeliveryStore _store;
    private readonly DeliveryQueue _queue;
    private readonly TimeProvider _time;
    private readonly ILogger<BacklogGauges> _logger;
    private long? _depth;
    private double? _oldestDueAge;

    public BacklogGauges(DatabaseMigrator migrator, DeliveryStore store, DeliveryQueue queue, TimeProvider time, ILogger<BacklogGauges> logger)
    {
        _migrator = migrator;
        _store = store;
        _queue = queue;
        _time = time;
        _logger = logger;
        DograhTelemetry.Meter.CreateObservableGauge("dograh.queue.depth", () => Measure(_depth), "{delivery}");
        DograhTelemetry.Meter.CreateObservableGauge("dograh.deliveries.oldest_due_age", () => Measure(_oldestDueAge), "s");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await _migrator.WaitUntilCurrentAsync(stoppingToken);
            while (true)
            {
                await RunOnceAsync(stoppingToken);
                await Task.Delay(Period, _time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    /// <summary>Looks once. What cannot be read is not reported, rather than reported as it was.</summary>
    internal async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            _depth = _queue.IsConnected ? await _queue.CountAsync() : null;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            _depth = null;
        }

        try
        {
            var oldest = await _store.FindDueAsync(after: null, limit: 1, cancellationToken);
            _oldestDueAge = oldest.Count == 0 ? 0 : (await _store.GetNowAsync(cancellationToken) - oldest[0].DueAt).TotalSeconds;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _oldestDueAge = null;
            LogUnread(_logger, e.GetType().Name, e.Message);
        }
    }

    private static IEnumerable<Measurement<T>> Measure<T>(T? value) where T : struct => value is { } known ? [new Measurement<T>(known)] : [];

    [LoggerMessage(1, LogLevel.Debug, "The backlog cannot be read just now ({ErrorType}: {Error}).")]
    private static partial void LogUnread(ILogger logger, string errorType, [FailureText] string error);
}
