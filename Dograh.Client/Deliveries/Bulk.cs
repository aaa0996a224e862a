namespace Dograh.Client;

/// <summary>How many deliveries matched, and how many of them are replayed.</summary>
/// <param name="Matched">How many matched.</param>
/// <param name="Replayed">How many of them are replayed.</param>
/// <param name="NextCursor">What to go on with, where a part was asked for; null if that was all.</param>
public sealed record BulkReplay(long Matched, long Replayed, string? NextCursor = null);

/// <summary>How many deliveries matched, and how many of them are cancelled.</summary>
/// <param name="Matched">How many matched.</param>
/// <param name="Cancelled">How many of them are cancelled.</param>
/// <param name="NextCursor">What to go on with, where a part was asked for; null if that was all.</param>
public sealed record BulkCancel(long Matched, long Cancelled, string? NextCursor = null);

/// <summary>A filter, and which part of what it finds.</summary>
internal sealed record BulkRequest : DeliveryFilter
{
    public BulkRequest(DeliveryFilter filter) : base(filter)
    {
    }

    public int? Limit { get; init; }

    public string? Cursor { get; init; }
}
