using Dograh.Api.Access;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Organizations;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dograh.Api.Figures;

/// <summary>An organization's figures by time, made to be looked at every second or two.</summary>
internal static class TimelineApi
{
    public static void MapTimeline(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/stats/timeline", GetTimeline).RequireScope(ApiKeyScope.DeliveriesRead).WithName("GetTimeline")
            .WithSummary("Figures by time over a window from 5m to 30d, such as 15m, 6h or 3d: deliveries by outcome where they were created, attempts where they began")
            .WithTags("Deliveries").RequireAuthorization(Policies.Organization);

    private static async Task<Ok<TimelineView>> GetTimeline(Caller caller, string? window, Timelines timelines, CancellationToken cancellationToken)
    {
        var span = StatsWindow.Read(window);
        return TypedResults.Ok(TimelineView.Of(span.Name, await timelines.GetAsync(caller.OrganizationId, span, cancellationToken)));
    }
}

/// <summary>Figures by time.</summary>
/// <param name="Window">The window that was asked for.</param>
/// <param name="Until">Up to when they are.</param>
/// <param name="BucketSeconds">How long a bucket is; all are of one length, and begin at a multiple of it.</param>
/// <param name="Backlog">What waits and is parked now.</param>
/// <param name="Buckets">In order of time, without gaps; the window begins in the first, and ends in the last, which is not over.</param>
internal sealed record TimelineView(string Window, DateTimeOffset Until, int BucketSeconds, Backlog Backlog, IReadOnlyList<TimelineBucketView> Buckets)
{
    public static TimelineView Of(string window, Timeline x) =>
        new(window, x.Now, (int)x.BucketWidth.TotalSeconds, x.Backlog, x.Buckets.Select(bucket => TimelineBucketView.Of(bucket.Start, bucket.Bucket)).ToList());
}

/// <summary>What happened within a span of time.</summary>
/// <param name="Start">When it began.</param>
/// <param name="Deliveries">The deliveries that were created then, by what has become of them.</param>
/// <param name="Attempts">The attempts that began then.</param>
/// <param name="FailedAttempts">Those of them that were not answered 2xx.</param>
/// <param name="SuccessRate">The share of the attempts that were; null without any.</param>
/// <param name="TimeToDeliverMs">Of the deliveries that have succeeded, from creation to success.</param>
internal sealed record TimelineBucketView(
    DateTimeOffset Start, DeliveryCountsView Deliveries, long Attempts, long FailedAttempts, double? SuccessRate, PercentilesView TimeToDeliverMs)
{
    public static TimelineBucketView Of(DateTimeOffset start, TimelineBucket x) => new(
        start,
        new DeliveryCountsView(x.Deliveries.Pending, x.Deliveries.Succeeded, x.Deliveries.DeadLetter, x.Deliveries.Cancelled),
        x.Attempts,
        x.Attempts - x.SucceededAttempts,
        x.Attempts == 0 ? null : (double)x.SucceededAttempts / x.Attempts,
        PercentilesView.Of(x.TimeToDeliverMs));
}
