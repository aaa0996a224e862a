using System.Collections.Concurrent;
using Dograh.Standalone;
using Dograh.Tests.Support;
using Dograh.Tests.WebConsole;
using Dograh.Webhooks.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

[assembly: AssemblyFixture(typeof(TestServers))]

namespace Dograh.Tests.Support;

/// <summary>The servers of one test run: a PostgreSQL, a redis-server and a Garnet, in a folder that goes with the run.</summary>
/// <remarks>
/// <para>A test class takes it in its constructor: <c>public sealed class SomeTests(TestServers servers)</c>. Each server starts when the
/// first test asks for it; one that cannot be started fails that test, for nothing is skipped.</para>
/// <para>Tests share the servers and nothing in them: <see cref="RentDatabaseAsync"/>, <see cref="RentRedisAsync"/> and
/// <see cref="RentGarnetAsync"/> hand out a database of the test's own, empty. A test that stops or kills a server starts one for itself,
/// with <see cref="StartPostgresAsync"/> and its like; one that changes the schema uses <see cref="CreateEmptyDatabaseAsync"/>.</para>
/// </remarks>
public sealed class TestServers : IAsyncLifetime
{
    private const string Template = "dograh_template";

    private static readonly PostgresServerOptions PostgresOptions = new()
    {
        Durable = false,
        // A test that wants statistics makes them itself; nothing else happens in its tables behind its back.
        Settings = new Dictionary<string, string> { ["autovacuum"] = "off", ["max_connections"] = "400" },
    };

    // Taking rows out of a database is ten times as fast as making another, and a run has hundreds of tests.
    private const string EmptySql =
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
        DO $$ BEGIN
          EXECUTE (SELECT 'TRUNCATE ' || string_agg(quote_ident(relname), ', ') || ' RESTART IDENTITY'
                   FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> '__EFMigrationsHistory');
        END $$;
        """;

    private readonly ConcurrentBag<string> _idleDatabases = [];
    private readonly Lazy<Task<PostgresServer>> _postgres;
    private readonly Lazy<Task<TestRedisPool>> _redis;
    private readonly Lazy<Task<TestRedisPool>> _garnet;
    private readonly Lazy<Task<RunningConsole>> _console;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dograh-tests-");
    private int _databases;
    private int _folders;

    public TestServers()
    {
        // Passable, because PostgreSQL runs as another user where the tests run as root.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder.FullName, File.GetUnixFileMode(_folder.FullName) | UnixFileMode.OtherExecute);
        _postgres = new(StartSharedPostgresAsync);
        _redis = new(async () => new TestRedisPool(await StartRedisAsync()));
        _garnet = new(async () => new TestRedisPool(await StartGarnetAsync()));
        _console = new(() => RunningConsole.StartAsync(this));
    }

    /// <summary>A folder of the caller's own, removed with the run.</summary>
    public string NewFolder(string name) => _folder.CreateSubdirectory($"{name}-{Interlocked.Increment(ref _folders)}").FullName;

    /// <summary>A database of the caller's own, with every migration applied and no row in it. Disposing it gives it back.</summary>
    public async Task<TestDatabase> RentDatabaseAsync()
    {
        var server = await _postgres.Value;
        if (!_idleDatabases.TryTake(out var name)) name = await CreateAsync(server, Template);
        return new TestDatabase(server.ConnectionStringTo(name), async () =>
        {
            await ExecuteAsync(server, name, EmptySql);
            _idleDatabases.Add(name);
        });
    }

    /// <summary>A database of the caller's own with no table in it. Disposing it drops it.</summary>
    public async Task<TestDatabase> CreateEmptyDatabaseAsync()
    {
        var server = await _postgres.Value;
        var name = await CreateAsync(server, "template0");
        return new TestDatabase(server.ConnectionStringTo(name), () => ExecuteAsync(server, "postgres", $"DROP DATABASE {name} WITH (FORCE)"));
    }

    /// <summary>A logical database of the run's redis-server, empty. Disposing it gives it back.</summary>
    public async Task<TestRedis> RentRedisAsync() => await (await _redis.Value).RentAsync();

    /// <summary>A logical database of the run's Garnet, empty. Disposing it gives it back.</summary>
    public async Task<TestRedis> RentGarnetAsync() => await (await _garnet.Value).RentAsync();

    /// <summary>The stack and the browser that all tests of the console share.</summary>
    public Task<RunningConsole> ConsoleAsync() => _console.Value;

    /// <summary>A PostgreSQL of the caller's own, to stop and to kill. It is the caller's to dispose.</summary>
    public Task<PostgresServer> StartPostgresAsync() =>
        PostgresServer.StartAsync(NewFolder("postgres"), PostgresOptions, cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>A redis-server of the caller's own, to stop and to kill. It is the caller's to dispose.</summary>
    public Task<RedisServer> StartRedisAsync() => RedisServer.StartAsync(NewFolder("redis"), cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>A Garnet of the caller's own, to stop and to kill. It is the caller's to dispose.</summary>
    public Task<GarnetServer> StartGarnetAsync() => GarnetServer.StartAsync(NewFolder("garnet"), cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>Applies every migration to a database.</summary>
    public static async Task MigrateAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken) =>
        await MigratorOf(dataSource).MigrateAsync(target: null, cancellationToken);

    /// <summary>The migrator of a database.</summary>
    public static DatabaseMigrator MigratorOf(NpgsqlDataSource dataSource) =>
        new(new ContextFactory(dataSource), dataSource, TimeProvider.System, NullLogger<DatabaseMigrator>.Instance);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        // One that failed to start has failed the tests that wanted it; there is nothing of it left to stop.
        if (_console is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }) await (await _console.Value).DisposeAsync();
        if (_garnet is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }) await (await _garnet.Value).DisposeAsync();
        if (_redis is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }) await (await _redis.Value).DisposeAsync();
        if (_postgres is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }) await (await _postgres.Value).DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task<PostgresServer> StartSharedPostgresAsync()
    {
        // Without the token of whichever test happens to be the first: the server is everybody's.
        var server = await PostgresServer.StartAsync(NewFolder("postgres"), PostgresOptions, cancellationToken: CancellationToken.None);
        await ExecuteAsync(server, "postgres", $"CREATE DATABASE {Template}");
        var settings = new NpgsqlConnectionStringBuilder(server.ConnectionStringTo(Template)) { Pooling = false };
        await using var dataSource = DatabaseServices.BuildDataSource(settings.ConnectionString);
        await MigrateAsync(dataSource, CancellationToken.None);
        return server;
    }

    private async Task<string> CreateAsync(PostgresServer server, string template)
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync(server, "postgres", $"CREATE DATABASE {name} TEMPLATE {template}");
        return name;
    }

    private static async Task ExecuteAsync(PostgresServer server, string database, string sql)
    {
        // Unpooled: PostgreSQL copies and drops no database that somebody is connected to.
        var settings = new NpgsqlConnectionStringBuilder(server.ConnectionStringTo(database)) { Pooling = false };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private sealed class ContextFactory(NpgsqlDataSource dataSource) : IDbContextFactory<DograhDbContext>
    {
        public DograhDbContext CreateDbContext()
        {
            var options = new DbContextOptionsBuilder<DograhDbContext>();
            DatabaseServices.Configure(options, dataSource);
            return new DograhDbContext(options.Options);
        }
    }
}
