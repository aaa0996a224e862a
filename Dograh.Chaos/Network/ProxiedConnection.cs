using System.Net;
using System.Net.Sockets;

namespace Dograh.Chaos.Network;

/// <summary>One connection through a <see cref="TcpProxy"/>.</summary>
internal sealed class ProxiedConnection(TcpProxy proxy, Socket client) : IDisposable
{
    // A pattern may lie across two reads: so much of the one before is looked at again. Longer than any pattern.
    private const int Overlap = 256;

    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly CancellationTokenSource _closed = new();
    private volatile Task _answersHeld = Task.CompletedTask;

    private ProxiedConnection()
        : this(null!, new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
    {
    }

    /// <summary>Stands for no connection.</summary>
    public static ProxiedConnection None { get; } = new();

    /// <summary>Completes when both sides are closed.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Begins to pass bytes on.</summary>
    public void Start(IPEndPoint server, Action ended) => Ended = RunAsync(server, ended);

    /// <summary>Resets both sides.</summary>
    public void Dispose()
    {
        _closed.Cancel();
        Reset(client);
        Reset(_server);
    }

    private async Task RunAsync(IPEndPoint server, Action ended)
    {
        client.NoDelay = true;
        try
        {
            await _server.ConnectAsync(server, _closed.Token);
            await Task.WhenAll(PumpAsync(client, _server, Way.ToServer), PumpAsync(_server, client, Way.ToClient));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The server is away.
        }
        finally
        {
            Dispose();
            ended();
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Way way)
    {
        var buffer = new byte[Overlap + (64 * 1024)];
        var kept = 0;
        try
        {
            while (true)
            {
                var length = await from.ReceiveAsync(buffer.AsMemory(Overlap), _closed.Token);
                if (length == 0) break;
                if (proxy.Delay > TimeSpan.Zero) await Task.Delay(proxy.Delay, TimeProvider.System, _closed.Token);
                await proxy.Flowing.WaitAsync(_closed.Token);
                if (way == Way.ToClient) await _answersHeld.WaitAsync(_closed.Token);

                var fresh = buffer.AsMemory(Overlap, length);
                var trap = proxy.Caught(way, buffer.AsSpan(Overlap - kept, kept + length), kept, this);
                if (trap is { Action: TrapAction.CutMidway })
                {
                    await to.SendAsync(fresh[..(length / 2)], _closed.Token);
                    trap.Spring();
                    break;
                }

                if (trap is { Action: TrapAction.HoldAnswer }) _answersHeld = trap.Released;
                if (trap is { Action: TrapAction.HoldBefore })
                {
                    trap.Spring();
                    await trap.Released.WaitAsync(_closed.Token);
                }

                await SendAllAsync(to, fresh);
                if (trap is { Action: TrapAction.HoldAnswer }) trap.Spring();
                kept = Math.Min(Overlap, kept + length);
                // Towards the end of the buffer's first part, before which the next bytes come to lie.
                buffer.AsSpan(Overlap + length - kept, kept).CopyTo(buffer.AsSpan(Overlap - kept));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Reset by one side or by us: the other side learns of it the same way.
        }

        // Neither PostgreSQL nor Redis nor an HTTP client goes on with half a connection.
        Dispose();
    }

    private async Task SendAllAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[await to.SendAsync(bytes, _closed.Token)..];
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Closed already.
        }

        socket.Dispose();
    }
}
