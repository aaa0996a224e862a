using Dograh.Bench.Stack;
using Dograh.Standalone;
using StackExchange.Redis;

namespace Dograh.Bench.Peers;

/// <summary>Where a peer keeps what is to be delivered, for one round.</summary>
internal sealed class PeerStore : IAsyncDisposable
{
    private RedisServer? _redis;

    /// <summary>0 for those who use PostgreSQL.</summary>
    public int RedisPort => _redis?.Port ?? 0;

    /// <summary>Null for those who use Redis.</summary>
    public string? ConnectionString { get; private init; }

    /// <summary>Its processes, by their names in the reports.</summary>
    public required IReadOnlyDictionary<string, int> Processes { get; init; }

    /// <summary>The PostgreSQL that ours uses too; what an earlier round left in the peer's schema is gone.</summary>
    public static async Task<PeerStore> OfPostgresAsync(BenchStack stack, string schema)
    {
        await stack.Postgres.ExecuteAsync($"DROP SCHEMA IF EXISTS {schema} CASCADE", stack.Stop);
        await stack.Postgres.ExecuteAsync("CHECKPOINT", stack.Stop);
        return new PeerStore
        {
            ConnectionString = stack.Postgres.Server.ConnectionString,
            Processes = new Dictionary<string, int> { ["postgres"] = stack.Postgres.Server.ProcessId },
        };
    }

    /// <summary>A Redis of its own.</summary>
    /// <param name="stack">Whose folder it lies in.</param>
    /// <param name="durable">Whether it answers only when what it was told is on the disk, as PostgreSQL does.</param>
    public static async Task<PeerStore> OfRedisAsync(BenchStack stack, bool durable)
    {
        var folder = Directory.CreateDirectory(Path.Combine(stack.Folder, $"peer-redis-{Guid.NewGuid():N}"));
        var redis = await RedisServer.StartAsync(folder.FullName, cancellationToken: stack.Stop);
        var store = new PeerStore { _redis = redis, Processes = new Dictionary<string, int> { ["redis"] = redis.ProcessId } };
        if (!durable) return store;
        try
        {
            await using var client = await ConnectionMultiplexer.ConnectAsync($"{redis.ConnectionString},allowAdmin=true");
            var server = client.GetServers()[0];
            await server.ConfigSetAsync("appendfsync", "always");
            await server.ConfigSetAsync("appendonly", "yes");
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_redis is not null) await _redis.DisposeAsync();
    }
}
