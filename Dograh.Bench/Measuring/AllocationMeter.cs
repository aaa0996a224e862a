using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;

namespace Dograh.Bench.Measuring;

/// <summary>Adds up what another .NET process allocates, by its runtime's own counter.</summary>
internal sealed class AllocationMeter : IAsyncDisposable
{
    private const string Counter = "alloc-rate";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly EventPipeSession _session;
    private readonly EventPipeEventSource _source;
    private readonly Task _reading;
    private double _bytes;

    private AllocationMeter(EventPipeSession session)
    {
        _session = session;
        _source = new EventPipeEventSource(session.EventStream);
        _source.Dynamic.All += Add;
        _reading = Task.Run(() => _source.Process());
    }

    /// <summary>Starts to count; the runtime tells once a second what has been allocated since it was last asked.</summary>
    public static AllocationMeter Start(int processId)
    {
        var provider = new EventPipeProvider(
            "System.Runtime", EventLevel.Informational, arguments: new Dictionary<string, string> { ["EventCounterIntervalSec"] = $"{Interval.TotalSeconds}" });
        return new AllocationMeter(new DiagnosticsClient(processId).StartEventPipeSession(provider, requestRundown: false));
    }

    /// <summary>Waits until all that was allocated up to now has been told.</summary>
    /// <returns>The bytes.</returns>
    public async Task<double> StopAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Interval * 1.5, TimeProvider.System, cancellationToken);
        await _session.StopAsync(cancellationToken);
        await _reading;
        return _bytes;
    }

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _source.Dispose();
    }

    // Payload: { Payload: { Name: "alloc-rate", Increment: bytes since the last one, … } }
    private void Add(TraceEvent counter)
    {
        if (counter.EventName == "EventCounters" && counter.PayloadValue(0) is IDictionary<string, object> outer
            && outer["Payload"] is IDictionary<string, object> fields && fields["Name"] is Counter)
        {
            _bytes += Convert.ToDouble(fields["Increment"]);
        }
    }
}
