using System.Globalization;
using System.Linq.Expressions;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Api.Deliveries;

/// <summary>What stopped a delivery, in words that many have in common: the status code where there was an answer, else the beginning of the error.</summary>
internal static class FailureCause
{
    private const string Answer = "HTTP ";
    private const int MaxLength = 100;

    /// <summary>The cause of one that got no answer.</summary>
    /// <remarks>For the database to say: what is grouped by it is found again by it. What differs from one to the next of the same cause is left out.</remarks>
    public static readonly Expression<Func<WebhookDelivery, string>> OfUnanswered = x =>
        x.LastError == null ? "unknown"
        : x.LastError.StartsWith("timeout: ") ? "timeout"
        : x.LastError.StartsWith("connection: Connection refused") ? "connection refused"
        : x.LastError.StartsWith("invalid response: ") ? "invalid response"
        : x.LastError.StartsWith("response ended: ") ? "response ended"
        : x.LastError.StartsWith("expired: ") ? "expired"
        : x.LastError.Substring(0, MaxLength);

    /// <summary>The cause of those that were last answered with a status code.</summary>
    public static string Of(int statusCode) => string.Create(CultureInfo.InvariantCulture, $"{Answer}{statusCode}");

    /// <summary>The status code of a cause; null where there was no answer.</summary>
    public static int? FindStatusCode(string cause) =>
        cause.StartsWith(Answer, StringComparison.Ordinal) && int.TryParse(cause.AsSpan(Answer.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : null;

    /// <summary>Whether a delivery that got no answer was stopped by this.</summary>
    public static Expression<Func<WebhookDelivery, bool>> Is(string cause)
    {
        Expression<Func<string>> value = () => cause;
        return Expression.Lambda<Func<WebhookDelivery, bool>>(Expression.Equal(OfUnanswered.Body, value.Body), OfUnanswered.Parameters);
    }
}
