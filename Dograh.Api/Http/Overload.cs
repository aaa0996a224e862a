using System.Threading.RateLimiting;
using Dograh.Api.Bins;

namespace Dograh.Api.Http;

/// <summary>Keeps the API to what it can serve: so many requests at a time, so many waiting, and a quick 503 for the rest.</summary>
/// <remarks>
/// A request that waits has not been read, so memory is bounded by the bodies of those that are served. Health is not limited: who is busy is not ill.
/// </remarks>
internal static class Overload
{
    private const string LimitedPath = "/api";

    // Whoever knows a bin's id may send to it, and a slow bin holds its requests: none of them takes the place of one that has a key, and none waits.
    private const int MaxBinRequests = 256;

    /// <summary>Adds the limit.</summary>
    public static IServiceCollection AddOverloadLimit(this IServiceCollection services, ApiOptions options) => services.AddRateLimiter(limiter =>
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context =>
        {
            if (context.Request.Path.StartsWithSegments(LimitedPath, StringComparison.OrdinalIgnoreCase))
            {
                return RateLimitPartition.GetConcurrencyLimiter(LimitedPath, _ => new ConcurrencyLimiterOptions
                {
                    PermitLimit = options.MaxConcurrentRequests,
                    QueueLimit = options.MaxWaitingRequests,
                    QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
                });
            }

            return context.Request.Path.StartsWithSegments(BinReceiver.Path, StringComparison.OrdinalIgnoreCase)
                ? RateLimitPartition.GetConcurrencyLimiter(BinReceiver.Path, _ => new ConcurrencyLimiterOptions { PermitLimit = MaxBinRequests })
                : RateLimitPartition.GetNoLimiter("");
        });
        limiter.RejectionStatusCode = StatusCodes.Status503ServiceUnavailable;
        limiter.OnRejected = (rejected, _) => new ValueTask(Problems.WriteAsync(
            rejected.HttpContext, StatusCodes.Status503ServiceUnavailable, "Too busy",
            "More requests are under way than this API serves at a time; nothing was accepted. Send the request again after Retry-After seconds."));
    });
}
