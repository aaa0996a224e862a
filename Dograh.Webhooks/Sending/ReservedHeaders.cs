namespace Dograh.Webhooks.Sending;

/// <summary>Header names that a custom header or a credential cannot take.</summary>
public static class ReservedHeaders
{
    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        // Ours: where two would carry the same name, ours win.
        "Content-Type", "User-Agent", "X-Dograh-Delivery-Id", "X-Dograh-Workflow-Run-Id", "X-Dograh-Delivery-Attempt", "X-Dograh-Test",
        "webhook-id", "webhook-timestamp", "webhook-signature", "traceparent", "tracestate",
        // The connection's: letting one through would let its author smuggle a second request or another host.
        "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade", "Expect",
        "Proxy-Authorization", "Proxy-Authenticate", "Proxy-Connection", "Via",
    };

    /// <summary>Whether the name is taken, whatever its case.</summary>
    public static bool Contains(string name) => Names.Contains(name);

    /// <summary>Whether a value can be sent: no control character but tab.</summary>
    public static bool IsValidValue(string value) => !value.Any(c => char.IsControl(c) && c != '\t');
}
