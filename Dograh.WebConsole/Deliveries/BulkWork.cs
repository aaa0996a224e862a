using Dograh.Client;
using Dograh.WebConsole.Components;

namespace Dograh.WebConsole.Deliveries;

/// <summary>Replaying or cancelling many, a part at a time, so that it can be seen how far it is, and stopped.</summary>
public sealed class BulkWork
{
    // So many take the API some tenths of a second.
    private const int PartSize = 500;

    private readonly IReadOnlyList<DeliveryFilter> _filters;
    private readonly Func<DeliveryFilter, string?, Task<(long Done, string? Next)>> _part;

    private BulkWork(string verb, long expected, IReadOnlyList<DeliveryFilter> filters, Func<DeliveryFilter, string?, Task<(long Done, string? Next)>> part) =>
        (Verb, Expected, _filters, _part) = (verb, expected, filters, part);

    /// <summary>What is being done: "replayed", "cancelled".</summary>
    public string Verb { get; }

    /// <summary>How many there were when it began; parts of it may have gone their own way since.</summary>
    public long Expected { get; private set; }

    /// <summary>To how many it has been done.</summary>
    public long Done { get; private set; }

    /// <summary>Whether it is over, done or not.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether somebody has stopped it.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Why it came to an end before its time.</summary>
    public ApiFault? Fault { get; private set; }

    /// <summary>Replays what the filters find, one after another.</summary>
    public static BulkWork Replay(DograhClient api, long expected, params IReadOnlyList<DeliveryFilter> filters) => new("replayed", expected, filters, async (filter, cursor) =>
    {
        var part = await api.Deliveries.ReplayPartAsync(filter, PartSize, cursor);
        return (part.Replayed, part.NextCursor);
    });

    /// <summary>Cancels what the filters find, one after another.</summary>
    public static BulkWork Cancel(DograhClient api, long expected, params IReadOnlyList<DeliveryFilter> filters) => new("cancelled", expected, filters, async (filter, cursor) =>
    {
        var part = await api.Deliveries.CancelPartAsync(filter, PartSize, cursor);
        return (part.Cancelled, part.NextCursor);
    });

    /// <summary>Begins no further part.</summary>
    public void Stop() => IsStopped = true;

    /// <summary>Does it.</summary>
    /// <param name="changed">Called whenever it is a part further.</param>
    /// <param name="left">The page is left: what is under way ends, and no further part begins.</param>
    public async Task RunAsync(Action changed, CancellationToken left)
    {
        try
        {
            foreach (var filter in _filters)
            {
                string? cursor = null;
                do
                {
                    // A part that has begun is waited for: whether it was done must be known.
                    if (IsStopped || left.IsCancellationRequested) return;
                    (var done, cursor) = await _part(filter, cursor);
                    Done += done;
                    Expected = Math.Max(Expected, Done);
                    changed();
                }
                while (cursor is not null);
            }
        }
        catch (Exception e) when (ApiFault.IsOne(e))
        {
            Fault = ApiFault.Of(e);
        }
        finally
        {
            IsOver = true;
            changed();
        }
    }
}
