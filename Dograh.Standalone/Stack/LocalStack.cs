using System.Diagnostics;
using System.Globalization;

namespace Dograh.Standalone;

/// <summary>
/// The whole stack as processes of this machine: PostgreSQL and Redis beside each other, then the API, which migrates, then the workers.
/// </summary>
internal sealed class LocalStack : IAsyncDisposable
{
    private static readonly TimeSpan ApiGrace = TimeSpan.FromSeconds(15);

    private readonly StandaloneSettings settings;
    private readonly StackConfiguration configuration;
    private readonly DataFolder folder;
    private readonly Terminal terminal;
    private readonly CancellationToken hurry;
    private readonly CancellationTokenSource stopping = new();
    private readonly Supervisor supervisor;
    private readonly List<ServiceProcess> workers = [];
    private PostgresServer? postgres;
    private RedisCompatibleServer? redis;
    private ServiceProcess? api;

    /// <param name="settings">The command line.</param>
    /// <param name="configuration">The environment.</param>
    /// <param name="folder">Where everything is kept.</param>
    /// <param name="terminal">Told of every step.</param>
    /// <param name="hurry">Cancelled when the user does not want to wait for a good order.</param>
    public LocalStack(StandaloneSettings settings, StackConfiguration configuration, DataFolder folder, Terminal terminal, CancellationToken hurry)
    {
        this.settings = settings;
        this.configuration = configuration;
        this.folder = folder;
        this.terminal = terminal;
        this.hurry = hurry;
        supervisor = new Supervisor(terminal, stopping.Token);
        Url = "";
    }

    /// <summary>The address of the API and console.</summary>
    public string Url { get; private set; }

    /// <summary>The operator's key.</summary>
    public string AdminKey => configuration.AdminKey;

    /// <summary>What runs, in the order in which it is stopped.</summary>
    private IEnumerable<ISupervised> Parts => workers.Concat(new ISupervised?[] { api, redis, postgres }.OfType<ISupervised>());

    /// <summary>Starts everything, and watches over it from then on.</summary>
    /// <exception cref="StandaloneException">A part did not start. What had been started is stopped by disposing.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var leftover in await folder.StopLeftoversAsync(cancellationToken))
        {
            terminal.Report($"Stopped {leftover}, which an earlier start had left behind");
        }

        if (settings.Port != 0 && !FreePort.IsFree(settings.Port))
        {
            throw new StandaloneException($"Port {settings.Port} is in use by another program. Choose another one with --port, or any free one with --port 0.");
        }

        Url = string.Create(CultureInfo.InvariantCulture, $"http://localhost:{(settings.Port == 0 ? FreePort.Next() : settings.Port)}");

        // Both to their end, even if one fails: what the other has started must be known in order to be stopped.
        var database = StartDatabaseAsync(cancellationToken);
        var queue = StartRedisAsync(cancellationToken);
        await Task.WhenAll(database, queue);
        await StartApiAsync(await database, await queue, cancellationToken);
        for (var number = 1; number <= settings.Workers; number++)
        {
            await StartWorkerAsync(number, await database, await queue, cancellationToken);
        }
    }

    /// <summary>Stops everything in the order that lets each part finish: workers, API, Redis, PostgreSQL.</summary>
    public async ValueTask DisposeAsync()
    {
        if (postgres is not null || redis is not null || api is not null)
        {
            terminal.Heading("Stopping");
        }

        await stopping.CancelAsync();
        await supervisor.StoppedAsync();
        await using (hurry.Register(KillAll))
        {
            await Task.WhenAll(workers.Select(worker => StopAsync(worker, () => worker.StopAsync(configuration.WorkerGrace))));
            await StopAsync(api, () => api!.StopAsync(ApiGrace));
            await StopAsync(redis, () => redis!.StopAsync());
            await StopAsync(postgres, () => postgres!.StopAsync());
        }

        foreach (var part in Parts)
        {
            await part.DisposeAsync();
        }

        stopping.Dispose();
    }

    private async Task<string> StartDatabaseAsync(CancellationToken cancellationToken)
    {
        if (configuration.Database is { } given)
        {
            terminal.Done("PostgreSQL", "as configured in ConnectionStrings__dograhdb", TimeSpan.Zero);
            return given;
        }

        var watch = Stopwatch.StartNew();
        var options = new PostgresServerOptions { LogFile = folder.BeginLog("postgres") };
        postgres = await PostgresServer.StartAsync(folder.Postgres, options, terminal, cancellationToken);
        terminal.Done($"PostgreSQL {postgres.Version}", $"127.0.0.1:{postgres.Port}, from {postgres.ProgramDirectory}", watch.Elapsed);
        supervisor.Watch(postgres);
        return postgres.ConnectionString;
    }

    private async Task<string> StartRedisAsync(CancellationToken cancellationToken)
    {
        if (configuration.Redis is { } given)
        {
            terminal.Done("Redis", "as configured in ConnectionStrings__redis", TimeSpan.Zero);
            return given;
        }

        var watch = Stopwatch.StartNew();
        redis = await RedisSource.StartAsync(folder, terminal, cancellationToken);
        terminal.Done(redis is GarnetServer garnet ? $"Garnet {garnet.Version}" : redis.Name, redis.ConnectionString, watch.Elapsed);
        supervisor.Watch(redis);
        return redis.ConnectionString;
    }

    private async Task StartApiAsync(string database, string queue, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        api = await ServiceProcess.StartAsync(new ServiceOptions
        {
            Name = "API",
            Assembly = StackLayout.ApiAssembly,
            Environment = configuration.ForApi(database, queue, Url),
            LogFile = folder.BeginLog("api"),
            Health = new Uri($"{Url}/health"),
            PidFile = folder.PidFile("api"),
        });
        await api.WaitUntilReadyAsync(cancellationToken);
        terminal.Done("API", $"{Url}, process {api.ProcessId}", watch.Elapsed);
        supervisor.Watch(api);
    }

    private async Task StartWorkerAsync(int number, string database, string queue, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var watch = Stopwatch.StartNew();
        var worker = await ServiceProcess.StartAsync(new ServiceOptions
        {
            Name = $"worker {number}",
            Assembly = StackLayout.WorkerAssembly,
            Environment = configuration.ForWorker(database, queue),
            LogFile = folder.BeginLog($"worker-{number}"),
            PidFile = folder.PidFile($"worker-{number}"),
        });
        workers.Add(worker);
        terminal.Done(worker.Name, $"process {worker.ProcessId}", watch.Elapsed);
        supervisor.Watch(worker);
    }

    private async Task StopAsync(ISupervised? part, Func<Task> stop)
    {
        if (part is { Exited.IsCompleted: false })
        {
            var watch = Stopwatch.StartNew();
            await stop();
            terminal.Done(part.Name, "stopped", watch.Elapsed);
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
