using System.Threading.RateLimiting;

namespace Dograh.Api.Http;

/// <summary>Keeps the API to what it can serve: so many requests at a time, so many waiting, and a quick 503 for the rest.</summary>
/// <remarks>
/// A request that waits has not been read, so memory is bounded by the bodies of those that are served. Health is not limited: who is busy is not ill.
/// </remarks>
internal static class Overload
{
    private const string LimitedPath = "/api";

    /// <summary>Adds the limit.</summary>
    public static IServiceCollection AddOverloadLimit(this IServiceCollection services, ApiOptions options) => services.AddRateLimiter(limiter =>
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, bool>(context => context.Request.Path.StartsWithSegments(LimitedPath, StringComparison.Ordinal)
            ? RateLimitPartition.GetConcurrencyLimiter(true, _ => new ConcurrencyLimiterOptions
            {
                PermitLimit = options.MaxConcurrentRequests,
                QueueLimit = options.MaxWaitingRequests,
                QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
            })
            : RateLimitPartition.GetNoLimiter(false));
        limiter.RejectionStatusCode = StatusCodes.Status503ServiceUnavailable;
        limiter.OnRejected = (rejected, _) => new ValueTask(Problems.WriteAsync(
            rejected.HttpContext, StatusCodes.Status503ServiceUnavailable, "Too busy",
            "More requests are under way than this API serves at a time; nothing was accepted. Send the request again after Retry-After seconds."));
    });
}
