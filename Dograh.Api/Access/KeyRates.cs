using System.Threading.RateLimiting;
using Dograh.Api.Http;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Access;

/// <summary>Keeps each key to its requests a minute, if a setting says how many: so many at once, and then one after another at that pace.</summary>
/// <remarks>Each API counts for itself. A key that is not used is forgotten within seconds.</remarks>
internal sealed class KeyRates(IOptions<ApiOptions> options) : IDisposable
{
    private readonly PartitionedRateLimiter<Guid> _requests = PartitionedRateLimiter.Create<Guid, Guid>(key => RateLimitPartition.GetTokenBucketLimiter(
        key, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = options.Value.RequestsPerMinutePerKey,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromMinutes(1) / options.Value.RequestsPerMinutePerKey,
        }));

    /// <summary>The middleware, behind authentication and before authorization: what is forbidden counts too.</summary>
    public async Task ServeAsync(HttpContext context, RequestDelegate next)
    {
        if (options.Value.RequestsPerMinutePerKey > 0 && context.Features.Get<CallerKey>() is { Key: { } key })
        {
            using var lease = _requests.AttemptAcquire(key.Id);
            if (!lease.IsAcquired)
            {
                await Problems.WriteTooManyAsync(
                    context, $"This key makes more than {options.Value.RequestsPerMinutePerKey} requests a minute (Api:RequestsPerMinutePerKey).",
                    lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.Zero);
                return;
            }
        }

        await next(context);
    }

    public void Dispose() => _requests.Dispose();
}
