using System.Globalization;

namespace Dograh.Webhooks.Redaction;

/// <summary>A URL as it may appear in a log: its origin, for its path and query may hold credentials as its user information does.</summary>
public static class SafeUrl
{
    private const int MaxPort = 65_535;

    /// <summary>Scheme, host and port of a URL.</summary>
    /// <param name="url">Any text.</param>
    /// <returns><c>https://example.com:8443</c>, or <see cref="FieldRedactor.Redacted"/> where scheme or host is missing or a part makes no sense.</returns>
    public static string Origin(string url)
    {
        if (SplitUrl.Of(url) is not { Scheme.Length: > 0, Host.Length: > 0 } parts)
            return FieldRedactor.Redacted;

        string host = parts.Host.Contains(':', StringComparison.Ordinal) ? $"[{parts.Host}]" : parts.Host;
        if (parts.Port.Length == 0)
            return $"{parts.Scheme}://{host}";
        if (parts.Port.AsSpan().ContainsAnyExceptInRange('0', '9'))
            return FieldRedactor.Redacted;

        ReadOnlySpan<char> digits = parts.Port.AsSpan().TrimStart('0');
        int port = digits.Length switch
        {
            0 => 0,
            <= 5 => int.Parse(digits, CultureInfo.InvariantCulture),
            _ => int.MaxValue,
        };
        return port > MaxPort ? FieldRedactor.Redacted : string.Create(CultureInfo.InvariantCulture, $"{parts.Scheme}://{host}:{port}");
    }
}
