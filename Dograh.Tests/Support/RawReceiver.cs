using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dograh.Tests.Support;

/// <summary>A receiver below HTTP: writes what it is told, and hangs up. For answers that no HTTP server gives.</summary>
internal sealed class RawReceiver : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _answer;
    private readonly Manner _manner;
    private readonly Task _accepting;
    private int _connections;
    private volatile string _head = "";

    private RawReceiver(byte[] answer, Manner manner)
    {
        _answer = answer;
        _manner = manner;
        _listener.Start();
        Url = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/hook");
        _accepting = AcceptAsync();
    }

    /// <summary>Its URL.</summary>
    public Uri Url { get; }

    /// <summary>How many connections it has accepted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>The head of the last request, as it came; empty before there was one.</summary>
    public string Head => _head;

    private enum Manner
    {
        Answer,
        Greet,
        Reset,
    }

    /// <summary>One that reads a request's head, answers these bytes (written as Latin-1) and closes in good order.</summary>
    public static RawReceiver Answering(string answer) => new(Encoding.Latin1.GetBytes(answer), Manner.Answer);

    /// <summary>One that says these bytes at once, whatever it is asked, and closes in good order.</summary>
    public static RawReceiver Greeting(string greeting) => new(Encoding.Latin1.GetBytes(greeting), Manner.Greet);

    /// <summary>One that reads a request's head and resets the connection in place of an answer.</summary>
    public static RawReceiver Resetting() => new([], Manner.Reset);

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
        catch (Exception e) when (
            e is OperationCanceledException or SocketException or ObjectDisposedException || (e is InvalidOperationException && _stop.IsCancellationRequested))
        {
            // Disposed; between two connections the listener says so in its own way.
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        try
        {
            var head = new StringBuilder();
            var buffer = new byte[4096];
            while (_manner != Manner.Greet && !head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                var length = await socket.ReceiveAsync(buffer, _stop.Token);
                if (length == 0) return;
                head.Append(Encoding.Latin1.GetString(buffer, 0, length));
            }

            _head = head.ToString();
            if (_manner == Manner.Reset)
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
