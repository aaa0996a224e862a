using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dograh.Tests.Support;

/// <summary>A receiver below HTTP: reads a request's head, writes what it is told, and hangs up. For answers that no HTTP server gives.</summary>
internal sealed class RawReceiver : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _answer;
    private readonly bool _resets;
    private readonly Task _accepting;
    private int _connections;

    private RawReceiver(byte[] answer, bool resets)
    {
        _answer = answer;
        _resets = resets;
        _listener.Start();
        Url = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/hook");
        _accepting = AcceptAsync();
    }

    /// <summary>Its URL.</summary>
    public Uri Url { get; }

    /// <summary>How many connections it has accepted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>One that answers these bytes (written as Latin-1) and closes in good order.</summary>
    public static RawReceiver Answering(string answer) => new(Encoding.Latin1.GetBytes(answer), resets: false);

    /// <summary>One that resets the connection in place of an answer.</summary>
    public static RawReceiver Resetting() => new([], resets: true);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var socket = await _listener.AcceptSocketAsync(_stop.Token);
                Interlocked.Increment(ref _connections);
                await AnswerAsync(socket);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        try
        {
            var head = new StringBuilder();
            var buffer = new byte[4096];
            while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                var length = await socket.ReceiveAsync(buffer, _stop.Token);
                if (length == 0) return;
                head.Append(Encoding.Latin1.GetString(buffer, 0, length));
            }

            if (_resets)
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                return;
            }

            await socket.SendAsync(_answer, _stop.Token);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The caller hung up; there may be another.
        }
    }
}
