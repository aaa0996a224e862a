using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Sending;

/// <summary>The origins that this worker has lately sent to. Idle ones are forgotten: hosts may come from templates, and be many.</summary>
internal sealed class ReceiverOrigins
{
    private static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(10);
    private const int CleanEvery = 1024;

    private readonly ConcurrentDictionary<string, ReceiverOrigin> _origins = new(StringComparer.Ordinal);
    private readonly IOptions<WebhookDeliveryOptions> _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ReceiverOrigin> _logger;
    private int _added;

    public ReceiverOrigins(IOptions<WebhookDeliveryOptions> options, TimeProvider time, ILogger<ReceiverOrigin> logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        // Those that are open and no others: hosts may come from templates, and be many.
        DograhTelemetry.Meter.CreateObservableGauge(
            "dograh.circuits.open",
            () => All.Where(origin => origin.IsCircuitOpen)
                .Select(origin => new Measurement<long>(1, new KeyValuePair<string, object?>(DograhTelemetry.ReceiverOrigin, origin.Name))),
            "{circuit}");
    }

    /// <summary>The origin of a name, such as <c>https://crm.example:8443</c>.</summary>
    public ReceiverOrigin Of(string name)
    {
        if (!_origins.TryGetValue(name, out var origin))
        {
            origin = _origins.GetOrAdd(name, static (key, self) => self.Create(key), this);
            if (Interlocked.Increment(ref _added) % CleanEvery == 0) ForgetIdle();
        }

        origin.Touch();
        return origin;
    }

    /// <summary>All that are known just now.</summary>
    public IEnumerable<ReceiverOrigin> All => _origins.Values;

    private ReceiverOrigin Create(string name) => new(name, _options.Value, _time, _logger);

    // An origin is idle for far longer than any attempt, break or usual hold lasts, so nothing is lost with it but an average.
    private void ForgetIdle()
    {
        foreach (var (name, origin) in _origins)
        {
            if (origin.IdleFor > IdleLimit && origin.HeldFor() == TimeSpan.Zero) _origins.TryRemove(name, out _);
        }
    }
}
