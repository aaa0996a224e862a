using Dograh.Chaos.Network;
using Dograh.Standalone;
using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Npgsql;

namespace Dograh.Tests.Chaos;

/// <summary>A test class whose tests kill a process at an exact instant: its lines to PostgreSQL and Redis are watched.</summary>
public abstract class KilledProcessTest(TestServers servers) : WorkerTest(servers)
{
    private RunningStack _stack = null!;

    /// <summary>The victim's line to PostgreSQL.</summary>
    internal TcpProxy ToPostgres { get; private set; } = null!;

    /// <summary>The victim's line to Redis.</summary>
    internal TcpProxy ToRedis { get; private set; } = null!;

    /// <summary>The processes that may be killed.</summary>
    protected RunningStack Victims => _stack;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        var database = new NpgsqlConnectionStringBuilder(Database.ConnectionString);
        ToPostgres = new TcpProxy(database.Port);
        ToRedis = new TcpProxy(Port(Redis.ConnectionString));
        database.Port = ToPostgres.Port;
        // Prepared, a statement's text would be sent once only.
        database.MaxAutoPrepare = 0;
        _stack = new RunningStack(
            Servers.NewFolder("victims"), database.ConnectionString,
            Redis.ConnectionString.Replace($":{Port(Redis.ConnectionString)}", $":{ToRedis.Port}", StringComparison.Ordinal));
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _stack.DisposeAsync();
        await ToPostgres.DisposeAsync();
        await ToRedis.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>Kills the process in whose hands the trap is; what was held back is never passed on.</summary>
    internal static async Task KillAsync(ServiceProcess victim, ProxyTrap trap)
    {
        victim.Kill();
        await victim.Exited.Soon();
        trap.Cut();
    }

    /// <summary>Has every lease end now, in place of waiting for it.</summary>
    protected Task EndLeasesAsync() =>
        Database.ExecuteAsync("UPDATE webhook_deliveries SET scheduled_for = now() - interval '1 millisecond' WHERE leased_by IS NOT NULL");

    private static int Port(string redis) => int.Parse(redis.Split(',')[0].Split(':')[1]);
}
