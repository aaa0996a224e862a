namespace Dograh.Webhooks.Sending;

/// <summary>Header names that a custom header or a credential cannot take.</summary>
public static class ReservedHeaders
{
    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        // Ours: where two would carry the same name, ours win.
        "Content-Type", "User-Agent", "X-Dograh-Delivery-Id", "X-Dograh-Workflow-Run-Id", "X-Dograh-Delivery-Attempt",
        "webhook-id", "webhook-timestamp", "webhook-signature", "traceparent", "tracestate",
        // The connection's: letting one through would let its author smuggle a second request or another host.
        "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade", "Expect",
        "Proxy-Authorization", "Proxy-Authenticate", "Proxy-Connection", "Via",
    };

    /// <summary>Whether the name is taken, whatever its case.</summary>
    public static bool Contains(string name) => Names.Contains(name);

    /// <summary>Whether a name is a token as RFC 9110 (5.6.2) has it, and so may name a header at all.</summary>
    public static bool IsValidName(string name) => name.Length is > 0 and <= 256 && name.All(IsTokenCharacter);

    /// <summary>Whether a value can be sent: no control character but tab.</summary>
    public static bool IsValidValue(string value) => !value.Any(c => char.IsControl(c) && c != '\t');

    private static bool IsTokenCharacter(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal);
}
