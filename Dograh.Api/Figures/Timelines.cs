using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Npgsql;

namespace Dograh.Api.Figures;

/// <summary>Organizations' figures by time, cheap to look at every second.</summary>
/// <remarks>
/// The last buckets are read each time, all before them only as often as they can be afforded: of thirty days and millions of rows what happens now shows at once, and what has become of last week's within a minute or
/// two. The wall between organizations is the database's own (ADR 17): each is read on a connection of the one that asks, and kept under its id.
/// </remarks>
internal sealed class Timelines(TenantDatabase tenants, TimeProvider time)
{
    // The bucket that is under way and the one before it, of which deliveries are still on their way.
    private const int RecentBuckets = 2;

    private const int TimeoutSeconds = 60;

    private static readonly TimeSpan LeastAge = TimeSpan.FromSeconds(0.5);

    private readonly FiguresCache<(long OrganizationId, TimeSpan Window), Part> _settled = new(time, LeastAge);
    private readonly FiguresCache<(long OrganizationId, TimeSpan Window), (Part Part, Backlog Backlog)> _recent = new(time, LeastAge);

    /// <summary>The figures of a window.</summary>
    public async Task<Timeline> GetAsync(long organizationId, StatsWindow window, CancellationToken cancellationToken)
    {
        var (key, width) = ((organizationId, window.Length), window.BucketWidth);
        var settled = await _settled.GetAsync(key, () => ReadSettledAsync(organizationId, window), cancellationToken);
        var (recent, backlog) = await _recent.GetAsync(key, () => ReadRecentAsync(organizationId, settled.Until, width), cancellationToken);

        var first = NumberOf(recent.Now - window.Length, width);
        var buckets = new List<(DateTimeOffset Start, TimelineBucket Bucket)>();
        for (var number = first; number < recent.Until; number++)
        {
            // What was read last is right where both have it.
            var part = number >= recent.From ? recent : settled;
            buckets.Add((StartOf(number, width), part.Buckets.GetValueOrDefault(number, TimelineBucket.Empty)));
        }

        return new Timeline(recent.Now, width, buckets, backlog);
    }

    private async Task<Part> ReadSettledAsync(long organizationId, StatsWindow window)
    {
        await using var connection = await tenants.OpenAsync(organizationId, CancellationToken.None);
        var now = await ReadTimeAsync(connection);
        var width = window.BucketWidth;
        return await ReadAsync(connection, organizationId, now, NumberOf(now - window.Length, width), NumberOf(now, width) + 1 - RecentBuckets, width);
    }

    private async Task<(Part Part, Backlog Backlog)> ReadRecentAsync(long organizationId, long from, TimeSpan width)
    {
        await using var connection = await tenants.OpenAsync(organizationId, CancellationToken.None);
        var now = await ReadTimeAsync(connection);
        var backlogs = await ReadBacklog.ExecuteAsync(connection, [organizationId], CancellationToken.None);
        return (await ReadAsync(connection, organizationId, now, from, NumberOf(now, width) + 1, width), backlogs[organizationId]);
    }

    private static async Task<Part> ReadAsync(NpgsqlConnection connection, long organizationId, DateTimeOffset now, long from, long until, TimeSpan width) => new(
        now, from, until,
        await ReadTimeline.ExecuteAsync(connection, organizationId, StartOf(from, width), StartOf(until, width), width, TimeoutSeconds, CancellationToken.None));

    // The database's, as all times that are compared with its rows (ADR 3).
    private static async Task<DateTimeOffset> ReadTimeAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("SELECT now()", connection);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return reader.GetFieldValue<DateTimeOffset>(0);
    }

    private static long NumberOf(DateTimeOffset time, TimeSpan width) => (time - DateTimeOffset.UnixEpoch).Ticks / width.Ticks;

    private static DateTimeOffset StartOf(long number, TimeSpan width) => DateTimeOffset.UnixEpoch + (number * width);

    // Buckets from one number on and before another.
    private sealed record Part(DateTimeOffset Now, long From, long Until, IReadOnlyDictionary<long, TimelineBucket> Buckets);
}

/// <summary>An organization's figures by time.</summary>
/// <param name="Now">Up to when.</param>
/// <param name="BucketWidth">How wide a bucket is.</param>
/// <param name="Buckets">All buckets of the window in order, the one that is under way last.</param>
/// <param name="Backlog">What waits and is parked now.</param>
internal sealed record Timeline(DateTimeOffset Now, TimeSpan BucketWidth, IReadOnlyList<(DateTimeOffset Start, TimelineBucket Bucket)> Buckets, Backlog Backlog);
