using Dograh.Api.Access;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Organizations;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dograh.Api.Figures;

/// <summary>An organization's figures over a window.</summary>
internal static class StatsApi
{
    public static void MapStats(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/stats", GetStats).RequireScope(ApiKeyScope.DeliveriesRead).WithName("GetStats").WithSummary("Figures over a window from 5m to 30d, such as 15m, 6h or 3d; an hour if none is given")
            .WithTags("Deliveries").RequireAuthorization(Policies.Organization);

    private static async Task<Ok<StatsView>> GetStats(Caller caller, string? window, StatsReader stats, CancellationToken cancellationToken)
    {
        var span = StatsWindow.Read(window);
        return TypedResults.Ok(StatsView.Of(span.Name, await stats.GetAsync(caller.OrganizationId, span, cancellationToken)));
    }
}

/// <summary>An organization's figures; rates and percentiles are null where there is nothing to take them of.</summary>
internal sealed record StatsView(
    string Window, DeliveryCountsView Deliveries, long Attempts, double? SuccessRate, PercentilesView AttemptDurationMs,
    PercentilesView TimeToDeliverMs, double OldestDueAgeSeconds, IReadOnlyList<EndpointStatsView> Endpoints)
{
    public static StatsView Of(string window, Stats x) => new(
        window,
        new DeliveryCountsView(x.Deliveries.Pending, x.Deliveries.Succeeded, x.Deliveries.DeadLetter, x.Deliveries.Cancelled),
        x.Attempts,
        x.Attempts == 0 ? null : (double)x.SucceededAttempts / x.Attempts,
        PercentilesView.Of(x.AttemptDurationMs),
        PercentilesView.Of(x.TimeToDeliverMs),
        x.OldestDueAgeSeconds ?? 0,
        x.Endpoints.Select(e => new EndpointStatsView(e.Host, e.Deliveries, e.SuccessRate, e.P95Ms, e.IsCircuitOpen ? "open" : "closed", e.FailedAttempts)).ToList());
}

/// <summary>Deliveries created in the window, by what has become of them.</summary>
internal sealed record DeliveryCountsView(long Pending, long Succeeded, long DeadLetter, long Cancelled);

/// <summary>Percentiles in milliseconds.</summary>
internal sealed record PercentilesView(double? P50, double? P95, double? P99)
{
    public static PercentilesView Of(double[]? values) => values is null ? new(null, null, null) : new(values[0], values[1], values[2]);
}

/// <summary>One receiver's figures.</summary>
internal sealed record EndpointStatsView(string Host, long Deliveries, double? SuccessRate, double? P95Ms, string Circuit, long FailedAttempts);
