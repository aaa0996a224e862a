using System.Net;
using System.Net.Sockets;

namespace Dograh.Webhooks.Sending;

/// <summary>Connects to a receiver, and only to addresses that the guard allows.</summary>
/// <remarks>
/// The name is resolved here and the very address that was checked is connected to, so that a name that resolves otherwise the second time
/// (DNS rebinding) gains nothing. Addresses that are not allowed are passed over; a name with no other is refused.
/// </remarks>
internal sealed class EgressConnector(EgressGuard guard)
{
    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="EgressDeniedException">None of the host's addresses is allowed.</exception>
    /// <exception cref="SocketException">The host cannot be resolved or reached.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var host = context.DnsEndPoint.Host;
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellationToken);
        var allowed = Array.FindAll(addresses, guard.Allows);
        if (allowed.Length == 0) throw addresses.Length == 0 ? new SocketException((int)SocketError.HostNotFound) : new EgressDeniedException(host);

        for (var i = 0; ; i++)
        {
            var socket = new Socket(allowed[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(allowed[i], context.DnsEndPoint.Port), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException) when (i < allowed.Length - 1)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
