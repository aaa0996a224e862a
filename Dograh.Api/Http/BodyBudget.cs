using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Http;

/// <summary>Keeps what large bodies take together within bounds: one for which there is no room waits, unread, until others are done.</summary>
/// <remarks>
/// A body is parsed, rendered and written, and takes several times its length meanwhile: 256 of a megabyte at a time would be gigabytes. Small ones, which are nearly all,
/// never wait. Behind authorization: nobody without a key takes up room.
/// </remarks>
internal sealed class BodyBudget(IOptions<ApiOptions> options) : IDisposable
{
    private const int Unit = 64 * 1024;

    private readonly ConcurrencyLimiter _units = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = Units(options.Value.MaxBodyBytesAtATime),
        // No more wait than are served at a time.
        QueueLimit = int.MaxValue,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>The middleware: serves the request when there is room for its body, unless its endpoint sees to that.</summary>
    public Task ServeAsync(HttpContext context, RequestDelegate next) =>
        context.GetEndpoint()?.Metadata.GetMetadata<BudgetsItsBody>() is null ? RunAsync(context, next) : next(context);

    /// <summary>Does something with the request when there is room for its body, and holds that room meanwhile.</summary>
    public async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        var length = LengthOf(context);
        if (length <= Unit)
        {
            await next(context);
            return;
        }

        using var lease = await _units.AcquireAsync(Units(length), context.RequestAborted);
        await next(context);
    }

    public void Dispose() => _units.Dispose();

    // One that is longer than any may be, or does not say how long it is, is not read further than that.
    private long LengthOf(HttpContext context)
    {
        if (context.Request.ContentLength is { } length) return Math.Min(length, options.Value.MaxBodyBytes);
        return context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } ? options.Value.MaxBodyBytes : 0;
    }

    private static int Units(long bytes) => (int)((bytes + Unit - 1) / Unit);
}

/// <summary>Says of an endpoint that it asks for its body's room itself: it takes long after it has done with the body.</summary>
internal sealed class BudgetsItsBody;
