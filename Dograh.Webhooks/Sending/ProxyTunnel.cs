using System.Globalization;
using System.Net;
using System.Text;

namespace Dograh.Webhooks.Sending;

/// <summary>Asks a proxy for a tunnel to an address (<c>CONNECT</c>, RFC 9110 section 9.3.6).</summary>
/// <remarks>
/// To the address that the guard has checked, never to a name: the proxy would look the name up again, and may learn another address. What goes
/// through the tunnel is what would go over a connection of our own, TLS and its checks included; the proxy sees it no better than a router would.
/// </remarks>
internal static class ProxyTunnel
{
    // An answer to CONNECT is a status line and a few headers.
    private const int MaxAnswerBytes = 8 * 1024;

    private static ReadOnlySpan<byte> EndOfHead => "\r\n\r\n"u8;

    /// <summary>Opens a tunnel over a connection to the proxy, which is the tunnel from then on.</summary>
    /// <exception cref="EgressProxyException">The proxy does not give one; the message says why.</exception>
    public static async Task OpenAsync(Stream connection, EgressProxy proxy, IPEndPoint target, CancellationToken cancellationToken)
    {
        var authorization = proxy.Authorization is null ? "" : $"Proxy-Authorization: {proxy.Authorization}\r\n";
        await connection.WriteAsync(Encoding.ASCII.GetBytes($"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n"), cancellationToken);

        var buffer = new byte[MaxAnswerBytes];
        var length = 0;
        while (true)
        {
            int end;
            while ((end = buffer.AsSpan(0, length).IndexOf(EndOfHead)) < 0)
            {
                if (length == buffer.Length) throw new EgressProxyException("answered CONNECT with too long a head");
                var read = await connection.ReadAsync(buffer.AsMemory(length), cancellationToken);
                if (read == 0) throw new EgressProxyException("closed the connection in place of an answer to CONNECT");
                length += read;
            }

            end += EndOfHead.Length;
            var status = ReadStatus(buffer.AsSpan(0, end));
            if (status is >= 200 and < 300)
            {
                // Neither HTTP nor TLS lets the receiver speak first: what is there already is not the receiver's.
                if (length > end) throw new EgressProxyException("sent more than its answer to CONNECT");
                return;
            }

            if (status >= 200) throw new EgressProxyException($"refused the connection: {Describe(status)}");
            // An interim answer: the real one follows.
            buffer.AsSpan(end..length).CopyTo(buffer);
            length -= end;
        }
    }

    // "HTTP/1.1 200 Connection established"
    private static int ReadStatus(ReadOnlySpan<byte> head) =>
        head.StartsWith("HTTP/1."u8) && head.Length > 12 && head[8] == ' ' && int.TryParse(head.Slice(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            && status >= 100 && head[12] is (byte)' ' or (byte)'\r'
            ? status
            : throw new EgressProxyException("did not answer CONNECT in HTTP");

    private static string Describe(int status) => status switch
    {
        (int)HttpStatusCode.ProxyAuthenticationRequired => "407, it asks for another user name and password",
        _ => status.ToString(CultureInfo.InvariantCulture),
    };
}
