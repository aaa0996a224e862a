using System.Globalization;

namespace Dograh.Standalone;

/// <summary>A private Garnet: a server of the Redis protocol that comes as a .NET tool, so that nothing has to be installed.</summary>
public sealed class GarnetServer : RedisCompatibleServer
{
    private readonly GarnetTool _tool;

    private GarnetServer(GarnetTool tool, string directory, int? port, string? logFile, string? pidFile)
        : base(directory, port, logFile, pidFile) => _tool = tool;

    /// <inheritdoc/>
    public override string Name => "Garnet";

    /// <summary>The tool's version.</summary>
    public string Version => _tool.Version;

    /// <summary>Starts a server; restores the .NET tool first if that has never been done on this machine.</summary>
    /// <param name="directory">The folder it runs in, made if it does not exist.</param>
    /// <param name="port">The port on 127.0.0.1, or null for a free one.</param>
    /// <param name="logFile">Where its output goes; null means <c>redis.log</c> in the folder.</param>
    /// <param name="cancellationToken">Gives up, and leaves no server behind.</param>
    /// <exception cref="StandaloneException">The tool cannot be restored, or did not start.</exception>
    public static async Task<GarnetServer> StartAsync(string directory, int? port = null, string? logFile = null, CancellationToken cancellationToken = default) =>
        await StartAsync(await GarnetTool.RestoreAsync(null, cancellationToken), directory, port, logFile, pidFile: null, cancellationToken);

    internal static async Task<GarnetServer> StartAsync(
        GarnetTool tool, string directory, int? port, string? logFile, string? pidFile, CancellationToken cancellationToken)
    {
        var server = new GarnetServer(tool, directory, port, logFile, pidFile);
        await server.StartAsync(cancellationToken);
        return server;
    }

    private protected override ChildCommand CommandFor(int port, string workingDirectory) => new()
    {
        Executable = StackLayout.DotnetHost,
        Arguments =
        [
            "exec", "--roll-forward", "Major", _tool.Assembly,
            "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1",
            "--memory", "128m", "--page", "1m", "--index", "8m", "--logger-level", "Warning", "-q",
        ],
        Environment = new Dictionary<string, string?> { ["DOTNET_gcServer"] = "0" }, // a heap per core is much for a few ids
        WorkingDirectory = workingDirectory,
        LogFile = LogFile,
    };
}
