using Dograh.Webhooks.Redaction;

namespace Dograh.Webhooks.Bins;

/// <summary>Which of a request's headers a bin may keep in plain text.</summary>
/// <remarks>
/// A delivery carries its customer's credential in a header of the customer's choice, so no list of secret names would do: a value is masked unless its header is known to hold none, or
/// it is one of the custom headers that are stored in plain text with the delivery anyway.
/// </remarks>
public static class ShownHeaders
{
    // Ours, and those by which HTTP describes a message.
    private static readonly HashSet<string> Harmless = new(StringComparer.OrdinalIgnoreCase)
    {
        "webhook-id", "webhook-timestamp", "webhook-signature", "X-Dograh-Delivery-Id", "X-Dograh-Delivery-Attempt", "X-Dograh-Workflow-Run-Id", "X-Dograh-Test", "traceparent",
        "Host", "User-Agent", "Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Transfer-Encoding", "Accept", "Accept-Encoding", "Accept-Language", "Connection",
        "Cache-Control", "Date", "Expect", "Via",
    };

    /// <summary>The value as it is kept.</summary>
    /// <param name="name">The header's name.</param>
    /// <param name="value">Its value as it came.</param>
    /// <param name="stored">The custom headers that are stored with the delivery that the request is an attempt of; none if it is none.</param>
    public static string Of(string name, string value, IReadOnlyList<(string Name, string Value)> stored) =>
        Harmless.Contains(name) || stored.Any(header => string.Equals(header.Name, name, StringComparison.OrdinalIgnoreCase) && header.Value == value)
            ? value
            : FieldRedactor.Redacted;
}
