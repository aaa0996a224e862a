using System.Diagnostics;
using System.Globalization;

namespace Dograh.Standalone;

/// <summary>
/// The whole stack as processes of this machine: PostgreSQL and Redis beside each other, then the API, which migrates, then the workers.
/// </summary>
internal sealed class LocalStack : IAsyncDisposable
{
    private static readonly TimeSpan ApiGrace = TimeSpan.FromSeconds(15);

    private readonly StandaloneSettings _settings;
    private readonly StackConfiguration _configuration;
    private readonly DataFolder _folder;
    private readonly Terminal _terminal;
    private readonly CancellationToken _hurry;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Supervisor _supervisor;
    private readonly List<ServiceProcess> _workers = [];
    private PostgresServer? _postgres;
    private RedisCompatibleServer? _redis;
    private ServiceProcess? _api;

    /// <param name="settings">The command line.</param>
    /// <param name="configuration">The environment.</param>
    /// <param name="folder">Where everything is kept.</param>
    /// <param name="terminal">Told of every step.</param>
    /// <param name="hurry">Cancelled when the user does not want to wait for a good order.</param>
    public LocalStack(StandaloneSettings settings, StackConfiguration configuration, DataFolder folder, Terminal terminal, CancellationToken hurry)
    {
        _settings = settings;
        _configuration = configuration;
        _folder = folder;
        _terminal = terminal;
        _hurry = hurry;
        _supervisor = new Supervisor(terminal, _stopping.Token);
        Url = "";
    }

    /// <summary>The address of the API and console.</summary>
    public string Url { get; private set; }

    /// <summary>The operator's key.</summary>
    public string AdminKey => _configuration.AdminKey;

    /// <summary>What runs, in the order in which it is stopped.</summary>
    private IEnumerable<ISupervised> Parts => _workers.Concat(new ISupervised?[] { _api, _redis, _postgres }.OfType<ISupervised>());

    /// <summary>Starts everything, and watches over it from then on.</summary>
    /// <exception cref="StandaloneException">A part did not start. What had been started is stopped by disposing.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var leftover in await _folder.StopLeftoversAsync(cancellationToken))
        {
            _terminal.Report($"Stopped {leftover}, which an earlier start had left behind");
        }

        if (_settings.Port != 0 && !FreePort.IsFree(_settings.Port))
        {
            throw new StandaloneException($"Port {_settings.Port} is in use by another program. Choose another one with --port, or any free one with --port 0.");
        }

        Url = string.Create(CultureInfo.InvariantCulture, $"http://localhost:{(_settings.Port == 0 ? FreePort.Next() : _settings.Port)}");

        // Both to their end, even if one fails: what the other has started must be known in order to be stopped.
        var database = StartDatabaseAsync(cancellationToken);
        var queue = StartRedisAsync(cancellationToken);
        await Task.WhenAll(database, queue);
        await StartApiAsync(await database, await queue, cancellationToken);
        for (var number = 1; number <= _settings.Workers; number++)
        {
            await StartWorkerAsync(number, await database, await queue, cancellationToken);
        }
    }

    /// <summary>Stops everything in the order that lets each part finish: workers, API, Redis, PostgreSQL.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null || _redis is not null || _api is not null)
        {
            _terminal.Heading("Stopping");
        }

        await _stopping.CancelAsync();
        await _supervisor.StoppedAsync();
        await using (_hurry.Register(KillAll))
        {
            await Task.WhenAll(_workers.Select(worker => StopAsync(worker, () => worker.StopAsync(_configuration.WorkerGrace))));
            await StopAsync(_api, () => _api!.StopAsync(ApiGrace));
            await StopAsync(_redis, () => _redis!.StopAsync());
            await StopAsync(_postgres, () => _postgres!.StopAsync());
        }

        foreach (var part in Parts)
        {
            await part.DisposeAsync();
        }

        _stopping.Dispose();
    }

    private async Task<string> StartDatabaseAsync(CancellationToken cancellationToken)
    {
        if (_configuration.Database is { } given)
        {
            _terminal.Done("PostgreSQL", "as configured in ConnectionStrings__dograhdb", TimeSpan.Zero);
            return given;
        }

        var watch = Stopwatch.StartNew();
        var options = new PostgresServerOptions { LogFile = _folder.BeginLog("postgres") };
        _postgres = await PostgresServer.StartAsync(_folder.Postgres, options, _terminal, cancellationToken);
        _terminal.Done($"PostgreSQL {_postgres.Version}", $"127.0.0.1:{_postgres.Port}, from {_postgres.ProgramDirectory}", watch.Elapsed);
        _supervisor.Watch(_postgres);
        return _postgres.ConnectionString;
    }

    private async Task<string> StartRedisAsync(CancellationToken cancellationToken)
    {
        if (_configuration.Redis is { } given)
        {
            _terminal.Done("Redis", "as configured in ConnectionStrings__redis", TimeSpan.Zero);
            return given;
        }

        var watch = Stopwatch.StartNew();
        _redis = await RedisSource.StartAsync(_folder, _terminal, cancellationToken);
        _terminal.Done(_redis is GarnetServer garnet ? $"Garnet {garnet.Version}" : _redis.Name, _redis.ConnectionString, watch.Elapsed);
        _supervisor.Watch(_redis);
        return _redis.ConnectionString;
    }

    private async Task StartApiAsync(string database, string queue, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        _api = await ServiceProcess.StartAsync(new ServiceOptions
        {
            Name = "API",
            Assembly = StackLayout.ApiAssembly,
            Environment = _configuration.ForApi(database, queue, Url),
            LogFile = _folder.BeginLog("api"),
            Health = new Uri($"{Url}/health"),
            PidFile = _folder.PidFile("api"),
        });
        await _api.WaitUntilReadyAsync(cancellationToken);
        _terminal.Done("API", $"{Url}, process {_api.ProcessId}", watch.Elapsed);
        _supervisor.Watch(_api);
    }

    private async Task StartWorkerAsync(int number, string database, string queue, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var watch = Stopwatch.StartNew();
        var worker = await ServiceProcess.StartAsync(new ServiceOptions
        {
            Name = $"worker {number}",
            Assembly = StackLayout.WorkerAssembly,
            Environment = _configuration.ForWorker(database, queue),
            LogFile = _folder.BeginLog($"worker-{number}"),
            PidFile = _folder.PidFile($"worker-{number}"),
        });
        _workers.Add(worker);
        _terminal.Done(worker.Name, $"process {worker.ProcessId}", watch.Elapsed);
        _supervisor.Watch(worker);
    }

    private async Task StopAsync(ISupervised? part, Func<Task> stop)
    {
        if (part is { Exited.IsCompleted: false })
        {
            var watch = Stopwatch.StartNew();
            await stop();
            _terminal.Done(part.Name, "stopped", watch.Elapsed);
        }
    }

    private void KillAll()
    {
        foreach (var part in Parts)
        {
            part.Kill();
        }
    }
}
