using System.Diagnostics;
using System.Net.Sockets;
using Dograh.Chaos.Load;
using Dograh.Chaos.Network;
using Dograh.Chaos.Stack;
using Dograh.Standalone;
using Npgsql;

namespace Dograh.Chaos.Faults;

/// <summary>Makes faults happen, and undoes what can be undone.</summary>
internal sealed class FaultInjector(ChaosStack stack, MoodyReceivers receivers, CancellationToken stop)
{
    private static readonly TimeSpan TrapPatience = TimeSpan.FromSeconds(8);

    // A statement that was let through has been run by then; if not, the process dies a little earlier than planned.
    private static readonly TimeSpan StatementTime = TimeSpan.FromMilliseconds(50);

    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>Since the first fault could happen.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    /// <summary>Has a fault happen, from its beginning to its end.</summary>
    public async Task<FaultReport> InjectAsync(PlannedFault fault)
    {
        var at = Elapsed;
        var worker = stack.Workers[fault.Target % stack.Workers.Count];
        var api = stack.Apis[fault.Target % stack.Apis.Count];
        var node = fault.Target % 2 == 0 ? worker : api;
        (string Victim, int? InFlight) hit = fault.Kind switch
        {
            FaultKind.WorkerKilledBeforeClaim => await KillAtAsync(worker, worker.ToPostgres, new ProxyTrap(Instants.Claim, TrapAction.HoldBefore)),
            FaultKind.WorkerKilledAfterClaim => await KillAtAsync(worker, worker.ToPostgres, new ProxyTrap(Instants.Claim, TrapAction.HoldAnswer)),
            FaultKind.WorkerKilledMidRequest => await KillSenderAsync(),
            FaultKind.WorkerKilledBeforeRecord => await KillAtAsync(worker, worker.ToPostgres, new ProxyTrap(Instants.Record, TrapAction.HoldBefore)),
            FaultKind.WorkerKilledDuringRecord => await KillAtAsync(worker, worker.ToPostgres, new ProxyTrap(Instants.Commit, TrapAction.HoldAnswer)),
            FaultKind.WorkerKilled => (worker.Name, await KillAsync(worker)),
            FaultKind.WorkerFrozen => (worker.Name, await FreezeAsync(worker, fault.Lasts)),
            FaultKind.ApiKilledBeforeCommit => await KillAtAsync(api, api.ToPostgres, new ProxyTrap(Committing(fault), TrapAction.HoldBefore)),
            FaultKind.ApiKilledAfterCommit => await KillAtAsync(api, api.ToPostgres, new ProxyTrap(Committing(fault), TrapAction.HoldAnswer)),
            FaultKind.ApiKilledBeforeSchedule => await KillAtAsync(api, api.ToRedis, new ProxyTrap(Instants.Schedule, TrapAction.HoldBefore)),
            FaultKind.ApiKilledBeforeAnswer => await KillAtAsync(api, api.ToItself!, new ProxyTrap(Instants.Accepted, TrapAction.HoldBefore, Way.ToClient)),
            FaultKind.ApiKilled => (api.Name, await KillAsync(api)),

            FaultKind.PostgresRestarted => ("PostgreSQL", await DuringAsync(() => RestartPostgresAsync(TimeSpan.Zero, immediately: true))),
            FaultKind.PostgresAway => ("PostgreSQL", await DuringAsync(() => RestartPostgresAsync(fault.Lasts, immediately: false))),
            FaultKind.PostgresCut => ("every line to PostgreSQL", await DuringAsync(CutAllAsync)),
            FaultKind.PostgresCutMidStatement => await CutMidStatementAsync(node, fault.Target),
            FaultKind.PostgresLocked => ("PostgreSQL", await DuringAsync(() => LockTablesAsync(fault.Lasts))),
            FaultKind.PostgresDeadlocks => ("PostgreSQL", await DuringAsync(() => DeadlockAsync(fault.Lasts))),
            FaultKind.PostgresSerializes => ("PostgreSQL", await DuringAsync(() => WithSettingAsync("default_transaction_isolation = 'repeatable read'", fault.Lasts))),
            FaultKind.PostgresTimesOut => ("PostgreSQL", await DuringAsync(() => WithSettingAsync("statement_timeout = '5ms'", fault.Lasts))),
            FaultKind.PostgresReadOnly => ("PostgreSQL", await DuringAsync(() => WithSettingAsync("default_transaction_read_only = 'on'", fault.Lasts))),

            FaultKind.RedisFlushed => await ToRedisAsync(() => stack.TellRedisAsync("FLUSHALL")),
            FaultKind.RedisRestarted => await ToRedisAsync(() => RestartRedisAsync(TimeSpan.Zero)),
            FaultKind.RedisAway => await ToRedisAsync(() => RestartRedisAsync(fault.Lasts)),
            FaultKind.RedisSlow => await ToRedisAsync(() => SlowRedisAsync(fault.Lasts)),
            FaultKind.RedisFull => await ToRedisAsync(() => BetweenAsync("CONFIG SET maxmemory 1", fault.Lasts, "CONFIG SET maxmemory 0")),
            FaultKind.RedisReadOnly => await ToRedisAsync(() => BetweenAsync("REPLICAOF 127.0.0.1 1", fault.Lasts, "REPLICAOF NO ONE")),
            FaultKind.RedisStale => await ToRedisAsync(StaleMembersAsync),
            _ => throw new InvalidOperationException($"{fault.Kind} is not known."),
        };
        return new FaultReport(at, fault.Kind, hit.Victim, hit.InFlight ?? 0, Happened: hit.InFlight is not null);
    }

    // What commits a request's work: its own transaction's end, or the one write of a group's.
    private string Committing(PlannedFault fault) => fault.Target / stack.Apis.Count % 2 == 0 ? Instants.Commit : Instants.Intake;

    private static async Task<(string Victim, int? InFlight)> ToRedisAsync(Func<Task> fault)
    {
        await fault();
        // Nothing that Redis does excuses a duplicate.
        return ("Redis", 0);
    }

    private async Task<(string Victim, int? InFlight)> KillAtAsync(Node node, TcpProxy line, ProxyTrap trap)
    {
        line.Set(trap);
        if (!await SpringsAsync(trap))
        {
            trap.Release();
            return (node.Name, null);
        }

        if (trap.Action == TrapAction.HoldAnswer) await Task.Delay(StatementTime, TimeProvider.System, CancellationToken.None);
        return (node.Name, await KillAsync(node, trap));
    }

    // Stopped first, so that what it holds can be counted before it is gone.
    private async Task<int> KillAsync(Node node, ProxyTrap? trap = null)
    {
        FrozenProcess.Freeze(node.ProcessId);
        var inFlight = await CountHeldAsync(node);
        await node.KillAsync();
        trap?.Cut();
        await node.RestartAsync();
        return inFlight;
    }

    private async Task<int> CountHeldAsync(Node node) => stack.Apis.Contains(node) ? 0 : await stack.CountLeasedAsync(node) ?? ChaosLimits.MostHeld;

    private async Task<(string Victim, int? InFlight)> KillSenderAsync()
    {
        var holding = receivers.HoldNextAsync();
        await ((Task)holding).WaitAsync(TrapPatience, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        receivers.HoldNone();
        if (!holding.IsCompletedSuccessfully) return ("a worker", null);
        var held = await holding;
        try
        {
            var leasedBy = (await stack.ReadAsync<string>($"SELECT coalesce(leased_by, '') FROM webhook_deliveries WHERE delivery_uuid = '{held.Delivery}'"))[0];
            var worker = stack.Workers.FirstOrDefault(worker => leasedBy.Contains($"-{worker.ProcessId}-", StringComparison.Ordinal));
            return worker is null ? ("a worker", null) : (worker.Name, await KillAsync(worker));
        }
        catch (Exception e) when (e is NpgsqlException or SocketException)
        {
            return ("a worker", null); // PostgreSQL is away: nobody knows whose it is
        }
        finally
        {
            held.Release();
        }
    }

    private async Task<int> FreezeAsync(Node worker, TimeSpan lasts)
    {
        FrozenProcess.Freeze(worker.ProcessId);
        var inFlight = await CountHeldAsync(worker);
        await WaitAsync(lasts);
        FrozenProcess.Thaw(worker.ProcessId);
        return inFlight;
    }

    // What was claimed before, and what is sent while it lasts, may not be recorded before its lease ends.
    private async Task<int?> DuringAsync(Func<Task> fault)
    {
        var leased = await stack.CountLeasedAsync(worker: null) ?? ChaosLimits.MostHeld * stack.Workers.Count;
        var before = receivers.Received;
        await fault();
        return leased + (int)(receivers.Received - before);
    }

    private async Task RestartPostgresAsync(TimeSpan away, bool immediately)
    {
        if (immediately)
        {
            UnixCalls.Signal(stack.Postgres.ProcessId, UnixSignal.Quit);
            await stack.Postgres.Exited;
        }

        await stack.Postgres.StopAsync();
        await WaitAsync(away);
        await stack.Postgres.RestartAsync(CancellationToken.None);
    }

    private Task CutAllAsync()
    {
        foreach (var node in stack.Nodes) node.ToPostgres.Cut();
        return Task.CompletedTask;
    }

    private async Task<(string Victim, int? InFlight)> CutMidStatementAsync(Node node, int which)
    {
        string[] statements = stack.Apis.Contains(node) ? [Instants.Intake, Instants.Commit] : [Instants.Claim, Instants.Record, Instants.Commit];
        var trap = node.ToPostgres.Set(new ProxyTrap(statements[which % statements.Length], TrapAction.CutMidway));
        if (await SpringsAsync(trap)) return ($"the line of {node.Name} to PostgreSQL", await CountHeldAsync(node));
        trap.Release();
        return (node.Name, null);
    }

    // Whoever needs one of these tables waits with its connection, until the pool has no other.
    private Task LockTablesAsync(TimeSpan lasts) => stack.AskAsync(async connection =>
    {
        await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand("LOCK TABLE idempotency_keys, webhook_deliveries IN ACCESS EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
        await WaitAsync(lasts);
        return true;
    });

    // Locks pending rows from the highest key down, where everybody else goes up.
    private async Task DeadlockAsync(TimeSpan lasts)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < lasts && !stop.IsCancellationRequested)
        {
            try
            {
                await stack.AskAsync(async connection =>
                {
                    await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
                    await using var find = new NpgsqlCommand("SELECT array_agg(id) FROM (SELECT id FROM webhook_deliveries WHERE status = 'pending' ORDER BY id DESC LIMIT 20) x", connection);
                    if (await find.ExecuteScalarAsync(CancellationToken.None) is not long[] ids) return 0;
                    foreach (var id in ids)
                    {
                        await using var take = new NpgsqlCommand($"SELECT 1 FROM webhook_deliveries WHERE id = {id} FOR UPDATE", connection);
                        await take.ExecuteScalarAsync(CancellationToken.None);
                    }

                    return ids.Length;
                });
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected)
            {
                // This time it was we who had to give way.
            }

            await WaitAsync(StatementTime);
        }
    }

    private async Task WithSettingAsync(string setting, TimeSpan lasts)
    {
        await stack.ExecuteAsync($"ALTER SYSTEM SET {setting}");
        await stack.ExecuteAsync("SELECT pg_reload_conf()");
        await WaitAsync(lasts);
        await stack.ExecuteAsync($"ALTER SYSTEM RESET {setting.Split(' ')[0]}");
        await stack.ExecuteAsync("SELECT pg_reload_conf()");
    }

    private async Task RestartRedisAsync(TimeSpan away)
    {
        stack.Redis.Kill();
        await stack.Redis.Exited;
        await WaitAsync(away);
        await stack.Redis.RestartAsync(CancellationToken.None);
    }

    private async Task SlowRedisAsync(TimeSpan lasts)
    {
        foreach (var node in stack.Nodes) node.ToRedis.Delay = TimeSpan.FromMilliseconds(250);
        await WaitAsync(lasts);
        foreach (var node in stack.Nodes) node.ToRedis.Delay = TimeSpan.Zero;
    }

    private async Task BetweenAsync(string begin, TimeSpan lasts, string end)
    {
        await stack.TellRedisAsync(begin);
        await WaitAsync(lasts);
        await stack.TellRedisAsync(end);
    }

    // Hints for deliveries that have ended, that never were, and that are nobody's; and hints that come early.
    private async Task StaleMembersAsync()
    {
        List<string> members = ["1:999999999", "999999999:1", "garbage", "1:2:3"];
        try
        {
            members.AddRange(await stack.ReadAsync<string>("SELECT organization_id || ':' || id FROM webhook_deliveries ORDER BY random() LIMIT 100"));
        }
        catch (Exception e) when (e is NpgsqlException or SocketException)
        {
            // PostgreSQL is away: then garbage only.
        }

        await stack.TellRedisAsync(members.Select(member => $"ZADD dograh:{{deliveries:0}} 0 {member}"));
    }

    private async Task<bool> SpringsAsync(ProxyTrap trap)
    {
        await trap.Sprung.WaitAsync(TrapPatience, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return trap.Sprung.IsCompleted;
    }

    // Cut short when everything is to stop: what follows undoes the fault.
    private async Task WaitAsync(TimeSpan time) => await Task.Delay(time, TimeProvider.System, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
