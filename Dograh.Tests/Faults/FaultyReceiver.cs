using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dograh.Tests.Faults;

/// <summary>A receiver below HTTP that does on each connection whatever a script says, on many connections at a time.</summary>
/// <remarks>
/// <code>
/// await using var receiver = FaultyReceiver.Doing(async caller =>
/// {
///     await caller.ReadRequestAsync();
///     await caller.SendAsync("HTTP/1.1 200 OK\r\n");
///     caller.Reset();
/// });
/// </code>
/// With several scripts the first connection gets the first, and the last one serves all further connections.
/// </remarks>
internal sealed class FaultyReceiver : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<FaultyConnection, Task>[] _scripts;
    private readonly Task _accepting;
    private int _connections;
    private int _open;

    private FaultyReceiver(Func<FaultyConnection, Task>[] scripts)
    {
        _scripts = scripts;
        _listener.Start();
        Url = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/hook");
        _accepting = AcceptAsync();
    }

    /// <summary>Its URL; of scheme https for scripts that speak TLS.</summary>
    public Uri Url { get; }

    /// <summary>The same, of scheme https.</summary>
    public Uri TlsUrl => new UriBuilder(Url) { Scheme = "https" }.Uri;

    /// <summary>How many connections it has accepted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>How many of them have not ended.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Starts one.</summary>
    public static FaultyReceiver Doing(params Func<FaultyConnection, Task>[] scripts) => new(scripts);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                Interlocked.Increment(ref _open);
                var script = _scripts[Math.Min(Interlocked.Increment(ref _connections), _scripts.Length) - 1];
                serving.Add(ServeAsync(socket, script));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Disposed; between two connections the listener says so in its own way.
        }

        await Task.WhenAll(serving);
    }

    private async Task ServeAsync(Socket socket, Func<FaultyConnection, Task> script)
    {
        try
        {
            using var connection = new FaultyConnection(socket, _stop.Token);
            await script(connection);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            // The caller hung up, or the receiver is being disposed.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }
}

/// <summary>A connection to a <see cref="FaultyReceiver"/>, as its script sees it. It is closed when the script ends.</summary>
internal sealed class FaultyConnection(Socket socket, CancellationToken stop) : IDisposable
{
    private static readonly TimeSpan DripInterval = TimeSpan.FromMilliseconds(30);

    private readonly byte[] _buffer = new byte[16 * 1024];
    private Stream _stream = new NetworkStream(socket, ownsSocket: true);

    /// <summary>Reads to the end of a request's head, and of its body not a byte that it can help.</summary>
    public async Task<string> ReadHeadAsync()
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await _stream.ReadAsync(_buffer.AsMemory(0, 1), stop) == 0) throw new IOException("The caller hung up.");
            head.Append((char)_buffer[0]);
        }

        return head.ToString();
    }

    /// <summary>Reads a whole request.</summary>
    /// <returns>Its head.</returns>
    public async Task<string> ReadRequestAsync()
    {
        var head = await ReadHeadAsync();
        await ReadBodyAsync(head);
        return head;
    }

    /// <summary>Reads the body that a head tells of.</summary>
    public async Task ReadBodyAsync(string head)
    {
        var length = head.Split("\r\n").Where(line => line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase)).Select(line => int.Parse(line[16..], null)).SingleOrDefault();
        await _stream.ReadExactlyAsync(new byte[length], stop);
    }

    /// <summary>Reads what has come, at least a byte; nothing once the caller has closed its side.</summary>
    public async Task<byte[]> ReadSomeAsync() => _buffer[..await _stream.ReadAsync(_buffer, stop)];

    /// <summary>Reads until the caller hangs up.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        await _stream.CopyToAsync(all, stop);
        return all.ToArray();
    }

    /// <summary>Passes on what comes, both ways, until one side closes.</summary>
    public async Task TunnelAsync(IPEndPoint target)
    {
        using var other = new TcpClient(target.AddressFamily);
        await other.ConnectAsync(target, stop);
        var there = other.GetStream();
        await Task.WhenAny(_stream.CopyToAsync(there, stop), there.CopyToAsync(_stream, stop));
    }

    /// <summary>Writes a text (as Latin-1).</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Writes bytes.</summary>
    public async Task SendAsync(byte[] bytes) => await _stream.WriteAsync(bytes, stop);

    /// <summary>Writes the same again and again, as fast as the caller takes it, until it hangs up.</summary>
    public async Task FloodAsync(byte[] bytes)
    {
        while (true) await SendAsync(bytes);
    }

    /// <summary>The same with a text.</summary>
    public Task FloodAsync(string text) => FloodAsync(Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(text, 1 + (8192 / text.Length)))));

    /// <summary>Writes a text a byte at a time, and then its last byte again and again, until the caller hangs up.</summary>
    public async Task DripAsync(string text)
    {
        using var drip = new PeriodicTimer(DripInterval, TimeProvider.System);
        for (var n = 0; ; n++)
        {
            await SendAsync(text[Math.Min(n, text.Length - 1)].ToString());
            await drip.WaitForNextTickAsync(stop);
        }
    }

    /// <summary>Does nothing until the caller hangs up.</summary>
    public async Task HoldAsync()
    {
        while (await _stream.ReadAsync(_buffer, stop) > 0)
        {
        }
    }

    /// <summary>Does nothing, reads nothing, until the receiver is disposed.</summary>
    public Task SleepAsync() => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);

    /// <summary>Says that nothing more will come, and goes on reading.</summary>
    public void CloseSend() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends the connection with a reset in place of an orderly close.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
    }

    /// <summary>Speaks TLS from here on.</summary>
    public async Task AuthenticateAsync(X509Certificate2 certificate)
    {
        var tls = new SslStream(_stream);
        _stream = tls;
        // Offline: it sends this certificate and looks for no others to go with it.
        var context = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = context }, stop);
    }

    public void Dispose() => _stream.Dispose();
}
