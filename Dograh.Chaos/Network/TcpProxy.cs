using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Dograh.Chaos.Network;

/// <summary>A line to a server on loopback that can be cut, slowed down, stalled and watched.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<ProxiedConnection, bool> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _server;
    private readonly Task _accepting;
    private volatile ProxyTrap[] _traps = [];
    private TaskCompletionSource _flowing = new();

    /// <summary>Opens a line.</summary>
    /// <param name="serverPort">The server's port on 127.0.0.1. It may come and go.</param>
    public TcpProxy(int serverPort)
    {
        _server = new IPEndPoint(IPAddress.Loopback, serverPort);
        _flowing.SetResult();
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>The port on 127.0.0.1 to connect to in the server's place.</summary>
    public int Port { get; }

    /// <summary>How much longer everything takes, each way.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Completed unless the line is stalled.</summary>
    public Task Flowing => Volatile.Read(ref _flowing).Task;

    /// <summary>Resets every connection. New ones may be made at once.</summary>
    public void Cut()
    {
        foreach (var connection in _connections.Keys) connection.Dispose();
    }

    /// <summary>Passes nothing on, and closes nothing, until <see cref="Flow"/>.</summary>
    public void Stall() => Volatile.Write(ref _flowing, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Ends a stall.</summary>
    public void Flow() => Volatile.Read(ref _flowing).TrySetResult();

    /// <summary>Sets a trap.</summary>
    public ProxyTrap Set(ProxyTrap trap)
    {
        lock (_connections) _traps = [.. _traps.Where(old => !old.Sprung.IsCompleted), trap];
        return trap;
    }

    /// <summary>Closes the line and every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        Cut();
        foreach (var trap in _traps) trap.Release();
        Flow();
        foreach (var connection in _connections.Keys) await connection.Ended;
        _stop.Dispose();
    }

    /// <summary>The trap that springs at these bytes; null if none does.</summary>
    /// <param name="way">Whose bytes they are.</param>
    /// <param name="bytes">The bytes, with some of those before.</param>
    /// <param name="before">How many of them were passed on before: a pattern may begin there, but not end.</param>
    /// <param name="connection">Where.</param>
    internal ProxyTrap? Caught(Way way, ReadOnlySpan<byte> bytes, int before, ProxiedConnection connection)
    {
        foreach (var trap in _traps)
        {
            if (trap.Way != way) continue;
            var looked = bytes[Math.Max(0, before - trap.Pattern.Length + 1)..];
            if (looked.IndexOf(trap.Pattern) >= 0 && trap.TryCatch(connection)) return trap;
        }

        return null;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                var connection = new ProxiedConnection(this, client);
                _connections[connection] = true;
                connection.Start(_server, () => _connections.TryRemove(connection, out _));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed.
        }
    }
}
