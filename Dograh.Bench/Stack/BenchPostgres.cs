using System.Security.Cryptography;
using Dograh.Standalone;
using Npgsql;

namespace Dograh.Bench.Stack;

/// <summary>A private PostgreSQL that keeps what it commits, and counts its statements where it can.</summary>
internal sealed class BenchPostgres : IAsyncDisposable
{
    // A user of the benchmark's own: what it asks is not counted with what the services ask.
    private const string Observer = "bench";

    /// <summary>The caches and the log of a small server: the defaults of PostgreSQL are those of a machine of twenty years ago.</summary>
    public static readonly IReadOnlyDictionary<string, string> Settings = new Dictionary<string, string>
    {
        ["shared_buffers"] = "1GB",
        ["max_wal_size"] = "16GB",
        ["checkpoint_timeout"] = "30min",
        ["wal_buffers"] = "64MB",
        ["jit"] = "off",
    };

    private BenchPostgres(PostgresServer server, bool countsStatements, NpgsqlDataSource dataSource) =>
        (Server, CountsStatements, DataSource) = (server, countsStatements, dataSource);

    public PostgresServer Server { get; }

    /// <summary>Whether <c>pg_stat_statements</c> is there.</summary>
    public bool CountsStatements { get; }

    /// <summary>The benchmark's own connections.</summary>
    public NpgsqlDataSource DataSource { get; }

    public static async Task<BenchPostgres> StartAsync(string folder, CancellationToken cancellationToken)
    {
        var (server, countsStatements) = await StartServerAsync(folder, cancellationToken);
        try
        {
            var password = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
            await using var owner = NpgsqlDataSource.Create(server.ConnectionString);
            await using var create = owner.CreateCommand($"CREATE ROLE {Observer} SUPERUSER LOGIN PASSWORD '{password}'");
            await create.ExecuteNonQueryAsync(cancellationToken);
            var observer = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Username = Observer, Password = password, CommandTimeout = 0 };
            var postgres = new BenchPostgres(server, countsStatements, NpgsqlDataSource.Create(observer.ConnectionString));
            if (countsStatements) await postgres.ExecuteAsync("CREATE EXTENSION IF NOT EXISTS pg_stat_statements", cancellationToken);
            return postgres;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a statement, however long it takes.</summary>
    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Reads one value.</summary>
    public async Task<T> ReadAsync<T>(string sql, CancellationToken cancellationToken)
    {
        await using var command = DataSource.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Stops the server and removes its data, which lies elsewhere than in its folder where PostgreSQL's user cannot enter that.</summary>
    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await Server.DisposeAsync();
        if (Directory.Exists(Server.ClusterDirectory)) Directory.Delete(Server.ClusterDirectory, recursive: true);
    }

    private static async Task<(PostgresServer Server, bool CountsStatements)> StartServerAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            var counting = new Dictionary<string, string>(Settings) { ["shared_preload_libraries"] = "pg_stat_statements" };
            return (await PostgresServer.StartAsync(folder, new PostgresServerOptions { Settings = counting }, cancellationToken: cancellationToken), true);
        }
        catch (StandaloneException)
        {
            // PostgreSQL's contributed modules are not installed: everything but the count of statements is measured.
            return (await PostgresServer.StartAsync(folder, new PostgresServerOptions { Settings = Settings }, cancellationToken: cancellationToken), false);
        }
    }
}
