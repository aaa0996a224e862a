using Dograh.Chaos.Network;
using Dograh.Standalone;
using Npgsql;

namespace Dograh.Chaos.Stack;

/// <summary>An API or a worker, with lines of its own to PostgreSQL and Redis. It may be killed and comes back under the same name.</summary>
internal sealed class Node : IAsyncDisposable
{
    private readonly ServiceProcess _service;

    private Node(ServiceProcess service, TcpProxy toPostgres, TcpProxy toRedis, TcpProxy? toItself) =>
        (_service, ToPostgres, ToRedis, ToItself) = (service, toPostgres, toRedis, toItself);

    public string Name => _service.Name;

    public int ProcessId => _service.ProcessId;

    public TcpProxy ToPostgres { get; }

    public TcpProxy ToRedis { get; }

    /// <summary>The clients' line to it, if it is an API.</summary>
    public TcpProxy? ToItself { get; }

    /// <summary>Whether it has ended, killed or not.</summary>
    public bool HasEnded => _service.Exited.IsCompleted;

    /// <summary>Starts one, and does not wait until it is ready.</summary>
    public static async Task<Node> StartAsync(
        string name, string assembly, PostgresServer postgres, RedisServer redis, IReadOnlyDictionary<string, string?> environment, string folder, int? port)
    {
        var (toPostgres, toRedis) = (new TcpProxy(postgres.Port), new TcpProxy(redis.Port));
        var database = new NpgsqlConnectionStringBuilder(postgres.ConnectionString)
        {
            // Prepared, a statement's text would be sent once only, and no trap could see it.
            Port = toPostgres.Port, MaxAutoPrepare = 0, MaxPoolSize = 16, Timeout = 3,
        };
        var settings = new Dictionary<string, string?>(environment)
        {
            ["ConnectionStrings__dograhdb"] = database.ConnectionString,
            ["ConnectionStrings__redis"] = $"127.0.0.1:{toRedis.Port}",
        };
        if (port is not null) settings["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        var service = await ServiceProcess.StartAsync(new ServiceOptions
        {
            Name = name, Assembly = assembly, Environment = settings, LogFile = Path.Combine(folder, $"{name.Replace(' ', '-')}.log"),
        });
        return new Node(service, toPostgres, toRedis, port is null ? null : new TcpProxy(port.Value));
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _service.Kill();
        await _service.Exited;
    }

    /// <summary>Starts it again, and does not wait until it is ready.</summary>
    public Task RestartAsync() => _service.RestartAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        _service.Kill();
        await _service.DisposeAsync();
        await ToPostgres.DisposeAsync();
        await ToRedis.DisposeAsync();
        if (ToItself is not null) await ToItself.DisposeAsync();
    }
}
