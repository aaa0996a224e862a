using System.Net.Http.Headers;

namespace Dograh.Webhooks.Sending;

/// <summary>Reads <c>Retry-After</c> (RFC 9110, 10.2.3): seconds, or an HTTP date.</summary>
public static class RetryAfter
{
    /// <summary>The wait that a receiver asks for.</summary>
    /// <param name="header">The header; null if there is none or it cannot be read.</param>
    /// <param name="responseDate">The receiver's own <c>Date</c>, against which its dates are read so that its clock does not matter.</param>
    /// <param name="now">Our time, for a receiver that gives no <c>Date</c>.</param>
    /// <returns>The wait, never negative; null if nothing was asked for.</returns>
    public static TimeSpan? Read(RetryConditionHeaderValue? header, DateTimeOffset? responseDate, DateTimeOffset now)
    {
        var wait = header switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - (responseDate ?? now),
            _ => (TimeSpan?)null,
        };
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }
}
