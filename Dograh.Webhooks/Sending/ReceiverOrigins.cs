using System.Collections.Concurrent;
using Dograh.Webhooks.Deliveries;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Sending;

/// <summary>The origins that this worker has lately sent to. Idle ones are forgotten: hosts may come from templates, and be many.</summary>
internal sealed class ReceiverOrigins(IOptions<WebhookDeliveryOptions> options, TimeProvider time, ILogger<ReceiverOrigin> logger)
{
    private static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(10);
    private const int CleanEvery = 1024;

    private readonly ConcurrentDictionary<string, ReceiverOrigin> _origins = new(StringComparer.Ordinal);
    private int _added;

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

    private ReceiverOrigin Create(string name) => new(name, options.Value, time, logger);

    // An origin is idle for far longer than any attempt, break or usual hold lasts, so nothing is lost with it but an average.
    private void ForgetIdle()
    {
        foreach (var (name, origin) in _origins)
        {
            if (origin.IdleFor > IdleLimit && origin.HeldFor() == TimeSpan.Zero) _origins.TryRemove(name, out _);
        }
    }
}
