using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dograh.Api.Http;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Deliveries;

/// <summary>What a bulk call is done to: all that a filter lets through, or a part of it at a time.</summary>
/// <param name="Filter">The filter.</param>
/// <param name="Limit">How many at most, this time; null for all.</param>
/// <param name="After">Where the part before ended; null for the first.</param>
internal sealed record BulkCall(DeliveryFilter Filter, int? Limit, [property: JsonIgnore] DeliveryPageKey? After)
{
    private const int ChunkSize = 1000;
    private const int MaxLimit = 10_000;

    // Of a part: whoever shows its progress wants to hear of it, be it that nothing was found.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Reads a body.</summary>
    /// <exception cref="ApiProblemException">Something in it is not as it must be: 422.</exception>
    public static BulkCall Read(JsonElement body)
    {
        var filter = DeliveryFilter.Read(body);
        var limit = Find("limit");
        var count = 0;
        if (limit is not null && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count is < 1 or > MaxLimit))
        {
            throw ApiProblemException.Unprocessable("limit", $"must be a whole number from 1 to {MaxLimit}");
        }

        if (Find("cursor") is not { } cursor) return new BulkCall(filter, limit is null ? null : count, After: null);
        if (limit is null) throw ApiProblemException.Unprocessable("limit", "is required where there is a cursor");
        var page = PageRequest.Read(1, cursor);
        return new BulkCall(filter, count, new DeliveryPageKey(page.CreatedAt, page.IdAsNumber));

        string? Find(string name) => body.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : null;
    }

    /// <summary>Does it, some at a time, oldest first.</summary>
    /// <param name="search">What the filter finds.</param>
    /// <param name="act">Does it to these, of which all match, and says to how many it was done.</param>
    /// <param name="time">The time, of which a part takes only so much.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<BulkOutcome> RunAsync(DeliverySearch search, Func<IReadOnlyList<long>, Task<int>> act, TimeProvider time, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var (matched, done, rows) = (0L, 0L, ChunkSize);
        var after = After;
        while (true)
        {
            var walked = await search.OldestFirst(after, rows).ToListAsync(cancellationToken);
            var found = walked.FindAll(key => key.Matches);
            var taken = found[..(int)Math.Min(Math.Min(found.Count, ChunkSize), (Limit ?? long.MaxValue) - matched)];
            if (taken.Count > 0) done += await act([.. taken.Select(key => key.Id)]);
            matched += taken.Count;

            // What was found and not taken comes with the next walk.
            var isCut = taken.Count < found.Count;
            if (!isCut && walked.Count < rows) return new BulkOutcome(matched, done, NextCursor: null);
            var last = isCut ? taken[^1] : walked[^1];
            after = new DeliveryPageKey(last.CreatedAt, last.Id);
            if (Limit is not null && (matched == Limit || time.GetElapsedTime(began) >= Patience)) return new BulkOutcome(matched, done, after.ToCursor());
            rows = isCut ? ChunkSize : taken.Count < ChunkSize / 4 ? Math.Min(4 * rows, DeliverySearch.Step) : rows;
        }
    }
}

/// <summary>What came of a bulk call.</summary>
/// <param name="Matched">How many matched.</param>
/// <param name="Done">To how many it was done.</param>
/// <param name="NextCursor">What to go on with; null if that was all.</param>
internal sealed record BulkOutcome(long Matched, long Done, string? NextCursor);

/// <summary>
/// The filters of the list, and <c>delivery_ids</c>: up to 1,000. With a <c>limit</c> (1 to 10,000) it is done to that many at most, which a <c>next_cursor</c> in the answer says:
/// sent again with that as its <c>cursor</c> it goes on. Read by <see cref="BulkCall"/>; spelled out for the API's description.
/// </summary>
internal sealed record BulkRequest(
    JsonElement Status, JsonElement WorkflowRunId, JsonElement WorkflowId, JsonElement WebhookNodeId, JsonElement EndpointHost, JsonElement CreatedAfter,
    JsonElement CreatedBefore, JsonElement StatusCode, JsonElement Error, JsonElement Cause, JsonElement DeliveryIds, JsonElement Limit, JsonElement Cursor);
