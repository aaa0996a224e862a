using System.Net;
using System.Net.Sockets;

namespace Dograh.Webhooks.Sending;

/// <summary>Connects to a receiver, and only to addresses that the guard allows.</summary>
/// <remarks>
/// The name is resolved here and the very address that was checked is connected to, so that a name that resolves otherwise the second time
/// (DNS rebinding) gains nothing. Addresses that are not allowed are passed over; a name with no other is refused. Through a proxy it is the same: it is
/// asked for the address.
/// </remarks>
internal sealed class EgressConnector(EgressGuard guard, TimeProvider time)
{
    // Of an attempt's deadline, so that a proxy that hangs is told from a receiver that does.
    private const double ProxyShareOfDeadline = 0.75;

    private static readonly TimeSpan ProxyPatience = TimeSpan.FromSeconds(10);

    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="EgressDeniedException">None of the host's addresses is allowed.</exception>
    /// <exception cref="EgressProxyException">The proxy gives no connection.</exception>
    /// <exception cref="SocketException">The host cannot be resolved or reached.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var allowed = await guard.ResolveAsync(context.DnsEndPoint.Host, cancellationToken);
        for (var i = 0; ; i++)
        {
            var receiver = new IPEndPoint(allowed[i], context.DnsEndPoint.Port);
            try
            {
                return guard.Proxy is { } proxy
                    ? await ConnectAsync(proxy, receiver, PatienceOf(context.InitialRequestMessage), cancellationToken)
                    : await ConnectAsync(receiver, cancellationToken);
            }
            catch (Exception e) when (e is SocketException or EgressProxyException && i < allowed.Count - 1)
            {
                // The next one.
            }
        }
    }

    private static TimeSpan PatienceOf(HttpRequestMessage request) =>
        request.Options.TryGetValue(AttemptCapture.Option, out var capture) ? capture.Timeout * ProxyShareOfDeadline : ProxyPatience;

    private static async Task<Stream> ConnectAsync(IPEndPoint receiver, CancellationToken cancellationToken)
    {
        var socket = new Socket(receiver.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(receiver, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<Stream> ConnectAsync(EgressProxy proxy, IPEndPoint receiver, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(proxy.Host, proxy.Port, either.Token);
            var connection = new NetworkStream(socket, ownsSocket: true);
            await ProxyTunnel.OpenAsync(connection, proxy, receiver, either.Token);
            return connection;
        }
        catch (Exception e)
        {
            socket.Dispose();
            throw e switch
            {
                OperationCanceledException when deadline.IsCancellationRequested => new EgressProxyException($"gave no connection within {patience.TotalSeconds:0.#} s"),
                SocketException { SocketErrorCode: var code } => new EgressProxyException($"cannot be reached ({code})"),
                IOException => new EgressProxyException("broke the connection"),
                _ => e,
            };
        }
    }
}
