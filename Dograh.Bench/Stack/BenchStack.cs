using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dograh.Bench.Measuring;
using Dograh.Standalone;
using StackExchange.Redis;
using Role = Dograh.Bench.Roles.Role;

namespace Dograh.Bench.Stack;

/// <summary>What the sides run on: a private durable PostgreSQL, a Redis, a receiver, an API, and workers that come and go.</summary>
internal sealed class BenchStack : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly Dictionary<string, string?> _environment = [];
    private readonly List<ServiceProcess> _workers = [];
    private readonly string _adminKey = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private ConnectionMultiplexer? _redisClient;
    private RoleProcess? _receiver;
    private int _workersStarted;

    private BenchStack(DirectoryInfo folder, CancellationToken stop) => (_folder, Stop) = (folder, stop);

    /// <summary>Cancelled when the person at the terminal has had enough.</summary>
    public CancellationToken Stop { get; }

    public BenchPostgres Postgres { get; private set; } = null!;

    public RedisCompatibleServer Redis { get; private set; } = null!;

    public ServiceProcess Api { get; private set; } = null!;

    public ReceiverClient Receiver { get; private set; } = null!;

    public StoredDeliveries Stored { get; private set; } = null!;

    public DatabaseMeter DatabaseMeter { get; private set; } = null!;

    public ClaimMeter ClaimMeter { get; private set; } = null!;

    /// <summary>The benchmark's own requests.</summary>
    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>Where the API listens.</summary>
    public Uri ApiUrl { get; private set; } = null!;

    /// <summary>An organization's key.</summary>
    public string ApiKey { get; private set; } = "";

    /// <summary>Where PostgreSQL, Redis and the services leave their files; gone with the stack.</summary>
    public string Folder => _folder.FullName;

    /// <summary>Starts all but the workers.</summary>
    /// <param name="environment">Added to the environment of the API and the workers.</param>
    /// <param name="stop">Ends the start, and every wait later.</param>
    public static async Task<BenchStack> StartAsync(IReadOnlyDictionary<string, string?> environment, CancellationToken stop)
    {
        var stack = new BenchStack(Directory.CreateTempSubdirectory("dograh-bench-"), stop);
        try
        {
            await stack.StartServersAsync();
            await stack.StartServicesAsync(environment);
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    /// <summary>The processes whose use is counted, by the names in the reports.</summary>
    public Dictionary<string, int> Processes()
    {
        var processes = new Dictionary<string, int>
        {
            ["postgres"] = Postgres.Server.ProcessId,
            ["redis"] = Redis.ProcessId,
            ["api"] = Api.ProcessId,
            ["receiver"] = ReceiverProcessId,
        };
        for (var i = 0; i < _workers.Count; i++) processes[i == 0 ? "worker" : $"worker {i + 1}"] = _workers[i].ProcessId;
        return processes;
    }

    public int ReceiverProcessId => _receiver!.Id;

    /// <summary>Starts a worker.</summary>
    /// <returns>Its process id.</returns>
    public async Task<int> StartWorkerAsync()
    {
        var number = ++_workersStarted;
        var worker = await ServiceProcess.StartAsync(new ServiceOptions
        {
            Name = $"worker {number}",
            Assembly = StackLayout.WorkerAssembly,
            Environment = _environment,
            LogFile = Path.Combine(Folder, $"worker-{number}.log"),
        });
        _workers.Add(worker);
        return worker.ProcessId;
    }

    /// <summary>Stops the worker that was started last, and starts another.</summary>
    public async Task ReplaceLastWorkerAsync()
    {
        var last = _workers[^1];
        _workers.Remove(last);
        await last.DisposeAsync();
        await StartWorkerAsync();
    }

    /// <summary>Kills all workers: what they hold, nobody wants.</summary>
    public void KillWorkers() => _workers.ForEach(worker => worker.Kill());

    /// <summary>Stops all workers.</summary>
    public async Task StopWorkersAsync()
    {
        await Task.WhenAll(_workers.Select(worker => worker.DisposeAsync().AsTask()));
        _workers.Clear();
    }

    /// <summary>Forgets every delivery and run, in PostgreSQL, Redis and the receiver.</summary>
    public async Task ResetAsync()
    {
        await Stored.ResetAsync();
        await Receiver.ResetAsync(Stop);
    }

    /// <summary>Makes a workflow whose one node posts to a path of the receiver.</summary>
    /// <returns>Its id.</returns>
    public Task<long> CreateWorkflowAsync(string receiverPath, double timeoutSeconds = 30, double baseDelaySeconds = 30) =>
        CreateWorkflowAsync(new Uri(Receiver.Url, receiverPath), timeoutSeconds, baseDelaySeconds);

    /// <summary>Makes a workflow whose one node posts to a URL.</summary>
    /// <returns>Its id.</returns>
    public async Task<long> CreateWorkflowAsync(Uri url, double timeoutSeconds = 30, double baseDelaySeconds = 30, string? key = null)
    {
        var created = await PostAsync("workflows", SampleRun.Workflow(url.ToString(), timeoutSeconds, baseDelaySeconds), key ?? ApiKey);
        return created.GetProperty("id").GetInt64();
    }

    /// <summary>Makes another organization.</summary>
    /// <returns>Its key.</returns>
    public async Task<string> AddOrganizationAsync() =>
        (await PostAsync("organizations", """{"name":"Another"}""", _adminKey)).GetProperty("api_key").GetString()!;

    /// <summary>Has the API take one run, and so make one delivery.</summary>
    public Task CompleteRunAsync(long workflow) =>
        PostAsync($"workflows/{workflow}/completed-runs", SampleRun.Run().Replace("@SENT_AT@", "0", StringComparison.Ordinal), ApiKey);

    /// <summary>Puts pending deliveries into the table, each with its run; none is in the queue.</summary>
    public async Task FillAsync(long workflow, long count)
    {
        await CompleteRunAsync(workflow);
        await Stored.CopyPendingAsync(count);
        await Stored.SettleAsync();
        await Stored.ClearQueueAsync();
    }

    /// <summary>Where completed runs of a workflow are posted to.</summary>
    public string CompletedRunsUrl(long workflow, bool batch = false) =>
        new Uri(ApiUrl, $"/api/v1/workflows/{workflow}/completed-runs{(batch ? "/batch" : "")}").ToString();

    /// <summary>Waits until something answers 200.</summary>
    public async Task WaitUntilListeningAsync(Uri url)
    {
        var listening = await Poll.UntilAsync(async token =>
        {
            try
            {
                using var answer = await Http.GetAsync(url, token);
                return answer.StatusCode == HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false; // not yet
            }
        }, TimeSpan.FromSeconds(60), Stop);
        if (!listening) throw new BenchException($"Nothing listens at {url}.");
    }

    /// <summary>A counter of Redis's own, such as <c>total_commands_processed</c>.</summary>
    public async Task<double> ReadRedisAsync(string name)
    {
        var info = await _redisClient!.GetServers()[0].InfoAsync("stats");
        return info.SelectMany(section => section).Where(pair => pair.Key == name).Select(pair => double.Parse(pair.Value, CultureInfo.InvariantCulture)).Single();
    }

    /// <summary>The version that Redis tells.</summary>
    public async Task<string> ReadRedisVersionAsync()
    {
        var info = await _redisClient!.GetServers()[0].InfoAsync("server");
        return $"{Redis.Name} {info.SelectMany(section => section).FirstOrDefault(pair => pair.Key == "redis_version").Value}";
    }

    /// <summary>Stops everything, and removes the folder. What is stopped is thrown away, so nothing is waited for.</summary>
    public async ValueTask DisposeAsync()
    {
        KillWorkers();
        await StopWorkersAsync();
        Api?.Kill();
        await DisposeAllAsync(Api, _receiver, _redisClient, Redis, Postgres);
        Http.Dispose();
        _folder.Delete(recursive: true);
    }

    private static async Task DisposeAllAsync(params IAsyncDisposable?[] parts)
    {
        foreach (var part in parts)
        {
            if (part is not null) await part.DisposeAsync();
        }
    }

    private async Task StartServersAsync()
    {
        // PostgreSQL's user must be able to pass through it.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Folder, File.GetUnixFileMode(Folder) | UnixFileMode.OtherExecute);
        Postgres = await BenchPostgres.StartAsync(Path.Combine(Folder, "postgres"), Stop);
        var redisFolder = Path.Combine(Folder, "redis");
        Redis = RedisServer.IsInstalled
            ? await RedisServer.StartAsync(redisFolder, cancellationToken: Stop)
            : await GarnetServer.StartAsync(redisFolder, cancellationToken: Stop);

        // Without its heartbeat: the commands that are counted are those of the services.
        _redisClient = await ConnectionMultiplexer.ConnectAsync($"{Redis.ConnectionString},allowAdmin=true,keepAlive=3600,configCheckSeconds=3600");
        DatabaseMeter = new DatabaseMeter(Postgres.DataSource, Postgres.CountsStatements);
        ClaimMeter = new ClaimMeter(Postgres.DataSource, Postgres.CountsStatements);
        Stored = new StoredDeliveries(Postgres, _redisClient, Stop);
    }

    private async Task StartServicesAsync(IReadOnlyDictionary<string, string?> environment)
    {
        var receiverPort = FreePort.Next();
        _receiver = RoleProcess.Start(Role.Receiver, receiverPort.ToString(CultureInfo.InvariantCulture));
        Receiver = new ReceiverClient(Http, new Uri($"http://127.0.0.1:{receiverPort}"), ThrowIfAnythingEnded);

        _environment["ConnectionStrings__dograhdb"] = Postgres.Server.ConnectionString;
        _environment["ConnectionStrings__redis"] = Redis.ConnectionString;
        _environment["SECRETS_MASTER_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        _environment["ADMIN_API_KEY"] = _adminKey;
        _environment["EGRESS_ALLOWED_NETWORKS"] = "127.0.0.0/8,::1/128";
        _environment["DATABASE_MIGRATE_ON_STARTUP"] = "true";
        // No load balancer stands before it.
        _environment["Api__DrainSeconds"] = "0";
        _environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = null;
        foreach (var (name, value) in environment) _environment[name] = value;

        ApiUrl = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        Api = await ServiceProcess.StartAsync(new ServiceOptions
        {
            Name = "API",
            Assembly = StackLayout.ApiAssembly,
            Environment = new Dictionary<string, string?>(_environment) { ["ASPNETCORE_URLS"] = ApiUrl.ToString() },
            LogFile = Path.Combine(Folder, "api.log"),
            Health = new Uri(ApiUrl, "/health"),
        });
        await Api.WaitUntilReadyAsync(Stop);
        await WaitUntilListeningAsync(new Uri(Receiver.Url, "/count"));
        ApiKey = (await PostAsync("organizations", """{"name":"Bench"}""", _adminKey)).GetProperty("api_key").GetString()!;
    }

    private void ThrowIfAnythingEnded()
    {
        foreach (var service in _workers.Append(Api).Where(service => service.Exited.IsCompleted))
        {
            throw new BenchException($"The {service.Name} has ended. The end of its log:\n{LogFiles.LastLines(LogFiles.ReadFrom(service.LogFile, 0), 8)}");
        }
    }

    private async Task<JsonElement> PostAsync(string path, string body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(ApiUrl, $"/api/v1/{path}"))
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new("Bearer", key);
        using var answer = await Http.SendAsync(request, Stop);
        var text = await answer.Content.ReadAsStringAsync(Stop);
        if (!answer.IsSuccessStatusCode) throw new BenchException($"The API answered {(int)answer.StatusCode} to POST /{path}: {text}");
        return JsonElement.Parse(text);
    }
}
