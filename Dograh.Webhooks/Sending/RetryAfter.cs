using System.Globalization;
using System.Net.Http.Headers;

namespace Dograh.Webhooks.Sending;

/// <summary>Reads <c>Retry-After</c> (RFC 9110, 10.2.3): seconds, or an HTTP date.</summary>
public static class RetryAfter
{
    private const string Name = "Retry-After";

    // 68 years; what .NET reads for itself is no longer either.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(int.MaxValue);

    /// <summary>The wait that a receiver asks for.</summary>
    /// <param name="headers">The response's headers; its own <c>Date</c> is what its dates are read against, so that its clock does not matter.</param>
    /// <param name="now">Our time, for a receiver that gives no <c>Date</c>.</param>
    /// <returns>The wait, never negative; null if nothing was asked for, or nothing that can be read.</returns>
    public static TimeSpan? Read(HttpResponseHeaders headers, DateTimeOffset now)
    {
        var wait = headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - (headers.Date ?? now),
            _ => ReadLong(headers),
        };
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    // .NET reads no more seconds than an int holds, in no more than ten digits; HTTP sets no limit to either.
    private static TimeSpan? ReadLong(HttpResponseHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues(Name, out var values) || values.Count != 1) return null;
        var digits = values.ToString();
        if (digits.Length == 0 || digits.AsSpan().ContainsAnyExceptInRange('0', '9')) return null;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : Longest;
    }
}
