using System.Globalization;

namespace Dograh.Standalone;

/// <summary>A private server from an installed <c>redis-server</c> (or <c>valkey-server</c>), with persistence off.</summary>
public sealed class RedisServer : RedisCompatibleServer
{
    private readonly string _program;

    private RedisServer(string program, string directory, int? port, string? logFile, string? pidFile)
        : base(directory, port, logFile, pidFile) => _program = program;

    /// <summary>Whether this machine has one.</summary>
    public static bool IsInstalled => FindProgram() is not null;

    /// <inheritdoc/>
    public override string Name => Path.GetFileNameWithoutExtension(_program);

    /// <summary>Starts a server.</summary>
    /// <param name="directory">The folder it runs in, made if it does not exist.</param>
    /// <param name="port">The port on 127.0.0.1, or null for a free one.</param>
    /// <param name="logFile">Where its output goes; null means <c>redis.log</c> in the folder.</param>
    /// <param name="cancellationToken">Gives up, and leaves no server behind.</param>
    /// <exception cref="StandaloneException">There is none on this machine, or it did not start.</exception>
    public static Task<RedisServer> StartAsync(string directory, int? port = null, string? logFile = null, CancellationToken cancellationToken = default) =>
        StartAsync(directory, port, logFile, pidFile: null, cancellationToken);

    internal static async Task<RedisServer> StartAsync(
        string directory, int? port, string? logFile, string? pidFile, CancellationToken cancellationToken)
    {
        var found = FindProgram() ?? throw new StandaloneException("No redis-server was found on the PATH: install Redis or Valkey with your package manager.");
        var server = new RedisServer(found, directory, port, logFile, pidFile);
        await server.StartAsync(cancellationToken);
        return server;
    }

    private protected override ChildCommand CommandFor(int port, string workingDirectory) => new()
    {
        Executable = _program,
        Arguments =
        [
            "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", workingDirectory,
            "--save", "", "--appendonly", "no", "--daemonize", "no",
        ],
        WorkingDirectory = workingDirectory,
        LogFile = LogFile,
    };

    private static string? FindProgram() => Executables.Find("redis-server") ?? Executables.Find("valkey-server");
}
