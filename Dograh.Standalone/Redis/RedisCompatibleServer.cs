using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dograh.Standalone;

/// <summary>A private server of the Redis protocol on the loopback interface, which keeps nothing on disk.</summary>
public abstract class RedisCompatibleServer : ISupervised
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(5);

    private readonly string _directory;
    private readonly string? _pidFile;
    private ChildProcess? _child;

    private protected RedisCompatibleServer(string directory, int? port, string? logFile, string? pidFile)
    {
        _directory = Path.GetFullPath(directory);
        _pidFile = pidFile;
        PortIsFixed = port is not null;
        Port = port ?? FreePort.Next();
        LogFile = logFile ?? Path.Combine(_directory, "redis.log");
        Directory.CreateDirectory(_directory);
    }

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public string LogFile { get; }

    /// <inheritdoc/>
    public int ProcessId => _child?.Id ?? 0;

    /// <inheritdoc/>
    public Task<int> Exited => _child?.Exited ?? Task.FromResult(0);

    /// <summary>The port on 127.0.0.1. It stays the same when the server is restarted.</summary>
    public int Port { get; private set; }

    /// <summary>How to connect to it, as StackExchange.Redis reads it.</summary>
    public string ConnectionString => $"127.0.0.1:{Port}";

    private bool PortIsFixed { get; set; }

    /// <summary>Stops the server and forgets all it held.</summary>
    public async Task StopAsync()
    {
        if (_child is not null)
        {
            await _child.StopAsync(UnixSignal.Terminate, StopGrace);
        }

        if (_pidFile is not null)
        {
            File.Delete(_pidFile);
        }
    }

    /// <inheritdoc/>
    public void Kill() => _child?.Kill();

    /// <inheritdoc/>
    /// <remarks>It comes back empty.</remarks>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await StopAsync();
        await StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await StopAsync();
        _child?.Dispose();
    }

    /// <summary>The program and its arguments for the port.</summary>
    private protected abstract ChildCommand CommandFor(int port, string workingDirectory);

    private protected async Task StartAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (!FreePort.IsFree(Port))
            {
                // Looked at first: otherwise the other program's PONG would pass for ours until our server gives up.
                Port = PortIsFixed ? throw new StandaloneException($"{Name} cannot listen on port {Port}, which is in use by another program.") : FreePort.Next();
            }

            var logBegin = LogFiles.Length(LogFile);
            _child?.Dispose();
            _child = await ChildProcess.StartAsync(CommandFor(Port, _directory));
            if (_pidFile is not null)
            {
                PidFiles.Write(_pidFile, _child.Id);
            }

            try
            {
                await Poll.UntilAsync(async token => _child.Exited.IsCompleted || await AnswersAsync(token), StartLimit, cancellationToken);
                if (!_child.Exited.IsCompleted && await AnswersAsync(cancellationToken))
                {
                    PortIsFixed = true; // from now on clients know it
                    return;
                }
            }
            catch (OperationCanceledException)
            {
                _child.Kill();
                throw;
            }

            _child.Kill();
            if (PortIsFixed || attempt == 3)
            {
                var log = LogFiles.ReadFrom(LogFile, logBegin);
                throw new StandaloneException($"{Name} did not start on port {Port}. The end of {LogFile}:\n{LogFiles.LastLines(log, 5)}");
            }

            Port = FreePort.Next();
        }
    }

    /// <summary>Whether the server answers PING. A client library would be slower to say no.</summary>
    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(1));
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Port), patience.Token);
            await socket.SendAsync(Encoding.ASCII.GetBytes("*1\r\n$4\r\nPING\r\n"), patience.Token);
            var answer = new byte[16];
            var length = await socket.ReceiveAsync(answer, patience.Token);
            return Encoding.ASCII.GetString(answer, 0, length).StartsWith("+PONG", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
