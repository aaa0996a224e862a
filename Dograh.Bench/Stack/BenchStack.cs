using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dograh.Bench.Measuring;
using Dograh.Standalone;
using Npgsql;
using StackExchange.Redis;

namespace Dograh.Bench.Stack;

/// <summary>What the sides run on: a private durable PostgreSQL, a Redis, a receiver, an API, and workers that come and go.</summary>
internal sealed class BenchStack : IAsyncDisposable
{
    // The caches and the log of a small server: the defaults of PostgreSQL are those of a machine of twenty years ago.
    private static readonly Dictionary<string, string> PostgresSettings = new()
    {
        ["shared_buffers"] = "1GB",
        ["max_wal_size"] = "16GB",
        ["checkpoint_timeout"] = "30min",
        ["wal_buffers"] = "64MB",
        ["jit"] = "off",
    };

    private readonly DirectoryInfo _folder;
    private readonly Dictionary<string, string?> _environment;
    private readonly List<ServiceProcess> _workers = [];
    private readonly string _adminKey = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private IConnectionMultiplexer _redisClient = null!;
    private RoleProcess _receiver = null!;

    private BenchStack(DirectoryInfo folder, PostgresServer postgres, RedisCompatibleServer redis)
    {
        _folder = folder;
        Postgres = postgres;
        Redis = redis;
        DataSource = NpgsqlDataSource.Create(postgres.ConnectionString);
        Http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        _environment = new()
        {
            ["ConnectionStrings__dograhdb"] = postgres.ConnectionString,
            ["ConnectionStrings__redis"] = redis.ConnectionString,
            ["SECRETS_MASTER_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["ADMIN_API_KEY"] = _adminKey,
            ["EGRESS_ALLOWED_NETWORKS"] = "127.0.0.0/8,::1/128",
            ["DATABASE_MIGRATE_ON_STARTUP"] = "true",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = null,
        };
    }

    public PostgresServer Postgres { get; }

    public RedisCompatibleServer Redis { get; }

    public NpgsqlDataSource DataSource { get; }

    public DatabaseMeter DatabaseMeter { get; private set; } = null!;

    public ServiceProcess Api { get; private set; } = null!;

    public HttpClient Http { get; }

    /// <summary>Where the API listens.</summary>
    public Uri ApiUrl { get; private set; } = null!;

    /// <summary>Where the receiver listens.</summary>
    public Uri ReceiverUrl { get; private set; } = null!;

    /// <summary>An organization's key.</summary>
    public string ApiKey { get; private set; } = "";

    /// <summary>Where PostgreSQL, Redis and the services leave their files.</summary>
    public string Folder => _folder.FullName;

    public static async Task<BenchStack> StartAsync(IReadOnlyDictionary<string, string?> environment)
    {
        var folder = Directory.CreateTempSubdirectory("dograh-bench-");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder.FullName, File.GetUnixFileMode(folder.FullName) | UnixFileMode.OtherExecute);
        var (postgres, countsStatements) = await StartPostgresAsync(Path.Combine(folder.FullName, "postgres"));
        var redisFolder = Path.Combine(folder.FullName, "redis");
        RedisCompatibleServer redis = RedisServer.IsInstalled ? await RedisServer.StartAsync(redisFolder) : await GarnetServer.StartAsync(redisFolder);
        var stack = new BenchStack(folder, postgres, redis);
        foreach (var (name, value) in environment) stack._environment[name] = value;
        await stack.StartServicesAsync(countsStatements);
        return stack;
    }

    /// <summary>The processes whose use is counted, by the names in the reports.</summary>
    public Dictionary<string, int> Processes()
    {
        var processes = new Dictionary<string, int>
        {
            ["postgres"] = Postgres.ProcessId,
            ["redis"] = Redis.ProcessId,
            ["api"] = Api.ProcessId,
            ["receiver"] = _receiver.Id,
        };
        for (var i = 0; i < _workers.Count; i++) processes[i == 0 ? "worker" : $"worker {i + 1}"] = _workers[i].ProcessId;
        return processes;
    }

    /// <summary>Starts a worker.</summary>
    public async Task StartWorkerAsync()
    {
        var number = _workers.Count + 1;
        var worker = await ServiceProcess.StartAsync(new ServiceOptions
        {
            Name = $"worker {number}",
            Assembly = StackLayout.WorkerAssembly,
            Environment = _environment,
            LogFile = Path.Combine(Folder, $"worker-{number}.log"),
        });
        _workers.Add(worker);
    }

    /// <summary>Stops all workers.</summary>
    public async Task StopWorkersAsync()
    {
        foreach (var worker in _workers) await worker.DisposeAsync();
        _workers.Clear();
    }

    /// <summary>Makes a workflow whose one node posts to a path of the receiver.</summary>
    /// <returns>Its id.</returns>
    public async Task<long> CreateWorkflowAsync(string receiverPath, double timeoutSeconds = 30, double baseDelaySeconds = 30)
    {
        var created = await PostAsync("workflows", SampleRun.Workflow(new Uri(ReceiverUrl, receiverPath).ToString(), timeoutSeconds, baseDelaySeconds), ApiKey);
        return created.GetProperty("id").GetInt64();
    }

    /// <summary>Where completed runs of a workflow are posted to.</summary>
    public string CompletedRunsUrl(long workflowId, bool batch = false) =>
        new Uri(ApiUrl, $"/api/v1/workflows/{workflowId}/completed-runs{(batch ? "/batch" : "")}").ToString();

    /// <summary>Forgets every delivery and run, in PostgreSQL, Redis and the receiver.</summary>
    public async Task ResetAsync()
    {
        await ExecuteAsync("TRUNCATE webhook_delivery_attempts, webhook_delivery_listings, webhook_deliveries, workflow_runs, idempotency_keys");
        await ExecuteAsync("CHECKPOINT");
        foreach (var endpoint in _redisClient.GetServers()) await endpoint.FlushAllDatabasesAsync();
        await Http.GetAsync(new Uri(ReceiverUrl, "/reset"));
    }

    /// <summary>Puts pending deliveries into the table, each with its run, as copies of one that the API has made.</summary>
    public async Task FillAsync(long workflowId, long count)
    {
        await PostAsync($"workflows/{workflowId}/completed-runs", SampleRun.Run().Replace("@SENT_AT@", "0", StringComparison.Ordinal), ApiKey);
        await CopyRowsAsync("workflow_runs", count, new() { ["id"] = "1000000 + n" });
        await CopyRowsAsync("webhook_deliveries", count, new()
        {
            ["id"] = "1000000 + n", ["workflow_run_id"] = "1000000 + n", ["delivery_uuid"] = "gen_random_uuid()",
        });
        await CopyRowsAsync("webhook_delivery_listings", count, new() { ["id"] = "1000000 + n" });
        await ExecuteAsync("DELETE FROM webhook_deliveries WHERE id <= 1000000");
        // Fresh rows, as they are when they come from the API: not vacuumed, and their pages not yet in a checkpoint.
        await ExecuteAsync("ANALYZE webhook_deliveries, webhook_delivery_listings, workflow_runs, webhook_delivery_attempts");
        foreach (var endpoint in _redisClient.GetServers()) await endpoint.FlushAllDatabasesAsync();
    }

    /// <summary>Puts every pending delivery into the queue, and wakes the workers.</summary>
    public async Task QueueAllAsync()
    {
        var redis = _redisClient.GetDatabase();
        var chunk = new List<SortedSetEntry>();
        await using var command = DataSource.CreateCommand(
            "SELECT organization_id || ':' || id, (extract(epoch FROM scheduled_for) * 1000)::float8 FROM webhook_deliveries WHERE status = 'pending' ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            chunk.Add(new SortedSetEntry(reader.GetString(0), Math.Ceiling(reader.GetDouble(1))));
            if (chunk.Count == 1000) await FlushAsync();
        }

        await FlushAsync();
        await redis.PublishAsync(RedisChannel.Literal("dograh:deliveries:wake"), "");

        async Task FlushAsync()
        {
            if (chunk.Count > 0) await redis.SortedSetAddAsync("dograh:{deliveries:0}", [.. chunk]);
            chunk.Clear();
        }
    }

    /// <summary>How many requests the receiver has answered.</summary>
    public async Task<long> ReceivedAsync() => long.Parse(await Http.GetStringAsync(new Uri(ReceiverUrl, "/count")), CultureInfo.InvariantCulture);

    /// <summary>The latencies that the receiver has seen.</summary>
    public async Task<LatencySummary?> ReceivedLatenciesAsync() =>
        JsonSerializer.Deserialize<LatencySummary?>(await Http.GetStringAsync(new Uri(ReceiverUrl, "/latencies")));

    /// <summary>Waits until the receiver has answered so many.</summary>
    public async Task WaitForReceivedAsync(long count)
    {
        while (await ReceivedAsync() < count) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
    }

    /// <summary>Waits until no delivery is pending.</summary>
    public async Task WaitForNonePendingAsync()
    {
        await using var command = DataSource.CreateCommand("SELECT EXISTS (SELECT FROM webhook_deliveries WHERE status = 'pending')");
        while (await command.ExecuteScalarAsync() is true) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
    }

    /// <summary>Runs a statement, however long it takes.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Reads one value.</summary>
    public async Task<T> ReadAsync<T>(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        command.CommandTimeout = 0;
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>A counter of Redis's own, such as <c>total_commands_processed</c>.</summary>
    public async Task<double> ReadRedisAsync(string name)
    {
        var info = await _redisClient.GetServers()[0].InfoAsync("stats");
        return info.SelectMany(section => section).Where(pair => pair.Key == name).Select(pair => double.Parse(pair.Value, CultureInfo.InvariantCulture)).Single();
    }

    public async ValueTask DisposeAsync()
    {
        await StopWorkersAsync();
        await Api.DisposeAsync();
        await _receiver.DisposeAsync();
        await _redisClient.DisposeAsync();
        await DataSource.DisposeAsync();
        Http.Dispose();
        await Redis.DisposeAsync();
        await Postgres.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static async Task<(PostgresServer Server, bool CountsStatements)> StartPostgresAsync(string folder)
    {
        try
        {
            var counting = new Dictionary<string, string>(PostgresSettings) { ["shared_preload_libraries"] = "pg_stat_statements" };
            return (await PostgresServer.StartAsync(folder, new PostgresServerOptions { Settings = counting }), true);
        }
        catch (StandaloneException)
        {
            // PostgreSQL's contributed modules are not installed: everything but the count of statements is measured.
            return (await PostgresServer.StartAsync(folder, new PostgresServerOptions { Settings = PostgresSettings }), false);
        }
    }

    private async Task StartServicesAsync(bool countsStatements)
    {
        if (countsStatements) await ExecuteAsync("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
        DatabaseMeter = new DatabaseMeter(DataSource, countsStatements);
        _redisClient = await ConnectionMultiplexer.ConnectAsync($"{Redis.ConnectionString},allowAdmin=true");

        var receiverPort = FreePort.Next();
        ReceiverUrl = new Uri($"http://127.0.0.1:{receiverPort}");
        _receiver = RoleProcess.Start("receiver", receiverPort.ToString(CultureInfo.InvariantCulture));

        ApiUrl = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        Api = await ServiceProcess.StartAsync(new ServiceOptions
        {
            Name = "API",
            Assembly = StackLayout.ApiAssembly,
            Environment = new Dictionary<string, string?>(_environment) { ["ASPNETCORE_URLS"] = ApiUrl.ToString() },
            LogFile = Path.Combine(Folder, "api.log"),
            Health = new Uri(ApiUrl, "/health"),
        });
        await Api.WaitUntilReadyAsync();
        await WaitUntilListeningAsync(new Uri(ReceiverUrl, "/count"));
        ApiKey = (await PostAsync("organizations", """{"name":"Bench"}""", _adminKey)).GetProperty("api_key").GetString()!;
    }

    public async Task WaitUntilListeningAsync(Uri url)
    {
        while (true)
        {
            try
            {
                using var answer = await Http.GetAsync(url);
                if (answer.StatusCode == HttpStatusCode.OK) return;
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private async Task<JsonElement> PostAsync(string path, string body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(ApiUrl, $"/api/v1/{path}"))
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new("Bearer", key);
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"The API answered {(int)answer.StatusCode} to POST /{path}: {text}");
        return JsonElement.Parse(text);
    }

    private async Task CopyRowsAsync(string table, long count, Dictionary<string, string> replaced)
    {
        var columns = await ReadAsync<string[]>($"SELECT array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = '{table}'");
        var values = columns.Select(column => replaced.GetValueOrDefault(column, $"first.{column}"));
        await ExecuteAsync(
            $"""
            INSERT INTO {table} ({string.Join(", ", columns)})
            SELECT {string.Join(", ", values)}
            FROM (SELECT * FROM {table} ORDER BY id LIMIT 1) AS first, generate_series(1, {count}) AS n
            """);
    }
}
