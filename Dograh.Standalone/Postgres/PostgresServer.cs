using System.Diagnostics;
using Npgsql;

namespace Dograh.Standalone;

/// <summary>
/// A private PostgreSQL server on the loopback interface, with a database <c>dograhdb</c>, whose data survives it.
/// </summary>
/// <remarks>
/// The programs come from <see cref="PostgresServerOptions.SearchDirectories"/> or a download. As root, the server runs as
/// user <c>postgres</c> or <c>nobody</c>. One server at a time uses a data folder; any number run side by side in
/// folders of their own.
/// </remarks>
public sealed class PostgresServer : ISupervised
{
    /// <summary>The database that every server has, named as the connection is.</summary>
    public const string DatabaseName = "dograhdb";

    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan QuitGrace = TimeSpan.FromSeconds(5);

    private readonly PostgresHome _home;
    private readonly PostgresBinaries _binaries;
    private readonly PostgresServerOptions _options;
    private readonly FolderLock _folderLock;
    private ChildProcess? _child;

    private PostgresServer(PostgresHome home, PostgresBinaries binaries, PostgresServerOptions options, FolderLock folderLock, string logFile)
    {
        _home = home;
        _binaries = binaries;
        _options = options;
        _folderLock = folderLock;
        LogFile = logFile;
    }

    /// <inheritdoc/>
    public string Name => "PostgreSQL";

    /// <inheritdoc/>
    public string LogFile { get; }

    /// <inheritdoc/>
    public int ProcessId { get; private set; }

    /// <inheritdoc/>
    public Task<int> Exited => _child?.Exited ?? Task.FromResult(0);

    /// <summary>The port on 127.0.0.1. It stays the same when the server is restarted.</summary>
    public int Port { get; private set; }

    /// <summary>The server's version, such as 17.6.</summary>
    public string Version => _binaries.Version;

    /// <summary>Where the server's programs are.</summary>
    public string ProgramDirectory => _binaries.Directory;

    /// <summary>PostgreSQL's own data folder. Mostly in the folder given to start it, but elsewhere if its user cannot enter that.</summary>
    public string ClusterDirectory => _home.Cluster;

    /// <summary>How to connect to <see cref="DatabaseName"/>, as the superuser.</summary>
    public string ConnectionString => ConnectionStringTo(DatabaseName);

    /// <summary>Starts a server; the first time, makes its cluster and database.</summary>
    /// <param name="dataDirectory">The folder that keeps the data. Made if it does not exist.</param>
    /// <param name="options">Null means the defaults.</param>
    /// <param name="progress">Told of each thing that takes long.</param>
    /// <param name="cancellationToken">Gives up, and leaves no server behind.</param>
    /// <exception cref="StandaloneException">The server could not be started; the message says why and what can be done.</exception>
    public static async Task<PostgresServer> StartAsync(
        string dataDirectory, PostgresServerOptions? options = null, IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        options ??= new PostgresServerOptions();
        dataDirectory = Path.GetFullPath(dataDirectory);
        Directory.CreateDirectory(dataDirectory);
        var taken = FolderLock.Take(dataDirectory, holder => $"The PostgreSQL in {dataDirectory} is in use by {holder}.");
        PostgresServer? server = null;
        try
        {
            var place = await PostgresHome.OpenAsync(dataDirectory, progress, cancellationToken);
            var programs = await PostgresSource.FindAsync(place, options, progress, cancellationToken);
            if (await PostgresCluster.StopLeftoverAsync(place, cancellationToken))
            {
                progress?.Report("Stopped a PostgreSQL that an earlier start had left behind");
            }

            if (place.ClusterMajorVersion is null)
            {
                progress?.Report($"Making a PostgreSQL {programs.Version} cluster in {place.Cluster}");
                await PostgresCluster.MakeAsync(place, programs, options.Durable, cancellationToken);
            }

            server = new PostgresServer(place, programs, options, taken, options.LogFile ?? Path.Combine(dataDirectory, "postgres.log"));
            await server.StartAsync(cancellationToken);
            await server.CreateDatabaseAsync(cancellationToken);
            return server;
        }
        catch
        {
            server?.Kill();
            await (server?.Exited ?? Task.CompletedTask);
            taken.Dispose();
            throw;
        }
    }

    /// <summary>How to connect to another database of this server, as the superuser.</summary>
    public string ConnectionStringTo(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = PostgresCluster.Superuser,
        Password = _home.Password,
        Database = database,
    }.ConnectionString;

    /// <summary>Stops the server in its fast mode: open transactions are rolled back, and everything is written to disk.</summary>
    public async Task StopAsync()
    {
        if (_child is null || _child.Exited.IsCompleted)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            await CommandRun.OfAsync([_binaries.Program("pg_ctl"), "stop", "--pgdata", _home.Cluster, "--mode", "fast", "--wait"]);
        }
        else
        {
            UnixCalls.Signal(ProcessId, UnixSignal.Interrupt);
        }

        if (await Poll.FinishedAsync(_child.Exited, StopGrace))
        {
            return;
        }

        if (!OperatingSystem.IsWindows())
        {
            UnixCalls.Signal(ProcessId, UnixSignal.Quit);
            if (await Poll.FinishedAsync(_child.Exited, QuitGrace))
            {
                return;
            }
        }

        Kill();
        await _child.Exited;
    }

    /// <inheritdoc/>
    /// <remarks>What was committed is there again after <see cref="RestartAsync"/>.</remarks>
    public void Kill()
    {
        if (_child is null || _child.Exited.IsCompleted)
        {
            return;
        }

        // Not always our child itself: where only runuser or su can change the user, they stand between.
        if (!OperatingSystem.IsWindows() && PostgresCluster.ReadProcessId(_home) is { } processId && (ProcessId == 0 || ProcessId == processId))
        {
            UnixCalls.Signal(processId, UnixSignal.Kill);
        }

        _child.Kill();
    }

    /// <inheritdoc/>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await StopAsync();
        await StartAsync(cancellationToken);
    }

    /// <summary>Stops the server and gives its folder free.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _child?.Dispose();
        _folderLock.Dispose();
    }

    /// <summary>Gives the folder free while the server runs, as a start that is killed does.</summary>
    internal void AbandonLock() => _folderLock.Dispose();

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var fixedPort = Port != 0 ? Port : _options.Port;
        while (true)
        {
            Port = fixedPort ?? (_home.LastPort is { } last && FreePort.IsFree(last) ? last : FreePort.Next());
            var logBegin = LogFiles.Length(LogFile);
            _child?.Dispose();
            _child = await ChildProcess.StartAsync(new PostgresCommand(_home, _binaries, _options, Port, LogFile).ToChildCommand());
            if (await AcceptsConnectionsAsync(_options.StartLimit - watch.Elapsed, cancellationToken))
            {
                ProcessId = PostgresCluster.ReadProcessId(_home) ?? _child.Id;
                _home.LastPort = Port;
                return;
            }

            var log = LogFiles.ReadFrom(LogFile, logBegin);
            if (!_child.Exited.IsCompleted)
            {
                _child.Kill();
                throw new StandaloneException($"PostgreSQL does not accept connections after {_options.StartLimit.TotalSeconds:0} s. The end of {LogFile}:\n{LogFiles.LastLines(log, 5)}");
            }

            if (!PostgresCommand.MayWorkNextTime(log, portIsFixed: fixedPort is not null) || watch.Elapsed > _options.StartLimit)
            {
                throw new StandaloneException($"PostgreSQL did not start on port {Port}. The end of {LogFile}:\n{LogFiles.LastLines(log, 5)}");
            }

            _home.LastPort = null;
        }
    }

    /// <returns>False when the server ended, or the time was over, before it accepted one.</returns>
    private async Task<bool> AcceptsConnectionsAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        await Poll.UntilAsync(async token => _child!.Exited.IsCompleted || await ConnectsAsync(token), limit, cancellationToken);
        return !_child!.Exited.IsCompleted && await ConnectsAsync(cancellationToken);
    }

    private async Task<bool> ConnectsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await ConnectAsync(cancellationToken);
            return true;
        }
        catch (NpgsqlException)
        {
            return false; // not listening yet, or still recovering
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        // Unpooled: a pool would keep a connection to a server that a test is about to kill.
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionStringTo("postgres")) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    private async Task CreateDatabaseAsync(CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        await using var create = new NpgsqlCommand($"CREATE DATABASE {DatabaseName}", connection);
        try
        {
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DuplicateDatabase)
        {
            // Made at an earlier start.
        }
    }
}
