using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Bins;

/// <summary>Keeps each bin to its requests a minute, and to so many at a time: anybody may send to one who knows its id.</summary>
/// <remarks>Each API counts for itself. Asked only of bins that exist; one that gets nothing is forgotten within seconds.</remarks>
internal sealed class BinRates : IDisposable
{
    // Those that are slow hold a connection each, and nothing else.
    private const int MaxAtATime = 32;

    private readonly PartitionedRateLimiter<Guid> _requests;

    public BinRates(IOptions<BinsOptions> options)
    {
        var atATime = PartitionedRateLimiter.Create<Guid, Guid>(bin => RateLimitPartition.GetConcurrencyLimiter(bin, _ => new ConcurrencyLimiterOptions { PermitLimit = MaxAtATime }));
        if (options.Value.RequestsPerMinute == 0)
        {
            _requests = atATime;
            return;
        }

        var perMinute = PartitionedRateLimiter.Create<Guid, Guid>(bin => RateLimitPartition.GetTokenBucketLimiter(bin, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = options.Value.RequestsPerMinute,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromMinutes(1) / options.Value.RequestsPerMinute,
        }));
        _requests = PartitionedRateLimiter.CreateChained(atATime, perMinute);
    }

    /// <summary>Asks for a place, which is held until the lease is disposed of.</summary>
    public RateLimitLease Acquire(Guid bin) => _requests.AttemptAcquire(bin);

    public void Dispose() => _requests.Dispose();
}
