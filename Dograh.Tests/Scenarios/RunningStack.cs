using System.Globalization;
using Dograh.Standalone;
using Dograh.Tests.Support;

namespace Dograh.Tests.Scenarios;

/// <summary>An API and workers in processes of their own, over the servers that they are given, with settings that make waits short.</summary>
/// <remarks>
/// <code>
/// await using var stack = new RunningStack(servers.NewFolder("stack"), database.ConnectionString, redis.ConnectionString);
/// await stack.StartApiAsync();
/// var worker = await stack.StartWorkerAsync();
/// var acme = await stack.AddOrganizationAsync();
/// </code>
/// Settings are given by their full names, as to <see cref="TestWorker"/>; null takes one away.
/// </remarks>
public sealed class RunningStack : IAsyncDisposable
{
    /// <summary>The operator's key.</summary>
    public const string AdminKey = "the-operators-key-of-the-scenarios";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };

    private readonly string _folder;
    private readonly Dictionary<string, string?> _environment;
    private readonly Lock _gate = new();
    private readonly List<ServiceProcess> _workers = [];
    private int _launched;
    private ServiceProcess? _api;

    public RunningStack(string folder, string database, string redis, params (string Name, string? Value)[] settings)
    {
        _folder = folder;
        var configuration = TestWorker.Settings(database, redis);
        configuration["Admin:ApiKey"] = AdminKey;
        foreach (var (name, value) in settings) configuration[name] = value;
        _environment = configuration.ToDictionary(setting => setting.Key.Replace(":", "__", StringComparison.Ordinal), setting => setting.Value);
        Url = new Uri($"http://127.0.0.1:{FreePort.Next().ToString(CultureInfo.InvariantCulture)}");
        _environment["ASPNETCORE_URLS"] = Url.OriginalString;
        // A heap for each core is much for a few deliveries.
        _environment["DOTNET_gcServer"] = "0";
    }

    /// <summary>The API's address.</summary>
    public Uri Url { get; }

    /// <summary>The API.</summary>
    public ServiceProcess Api => _api ?? throw new InvalidOperationException("The API was not started.");

    /// <summary>The workers, in the order in which they were started.</summary>
    public IReadOnlyList<ServiceProcess> Workers
    {
        get
        {
            lock (_gate) return [.. _workers];
        }
    }

    /// <summary>What both services are called with besides.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>What all processes have written until now.</summary>
    public string Output => string.Concat(Directory.EnumerateFiles(_folder, "*.log").Select(log => LogFiles.ReadFrom(log, 0)));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts the API and waits until it is healthy.</summary>
    public async Task<ServiceProcess> StartApiAsync()
    {
        var api = await LaunchApiAsync();
        await api.WaitUntilReadyAsync(Token);
        return api;
    }

    /// <summary>Starts the API and does not wait.</summary>
    public async Task<ServiceProcess> LaunchApiAsync() =>
        _api = await LaunchAsync("API", StackLayout.ApiAssembly, "api.log", new Uri(Url, "/health"));

    /// <summary>Starts a worker, with these variables besides, and waits until it takes deliveries.</summary>
    public async Task<ServiceProcess> StartWorkerAsync(params (string Name, string? Value)[] environment)
    {
        var worker = await LaunchWorkerAsync(environment);
        await WorksAsync(worker);
        return worker;
    }

    /// <summary>Starts a worker, with these variables besides, and does not wait.</summary>
    public async Task<ServiceProcess> LaunchWorkerAsync(params (string Name, string? Value)[] environment)
    {
        // Several may be started at once: one that were lost here would outlive its test and take the deliveries of the next.
        var name = $"worker {Interlocked.Increment(ref _launched)}";
        var worker = await LaunchAsync(name, StackLayout.WorkerAssembly, $"{name}.log", health: null, environment);
        lock (_gate) _workers.Add(worker);
        return worker;
    }

    /// <summary>Waits until a worker takes deliveries.</summary>
    public static Task WorksAsync(ServiceProcess worker) => worker.WaitForLogAsync("takes deliveries", StartLimit, Token);

    /// <summary>Runs the API's program with a command to its end.</summary>
    /// <returns>The exit code, and what it wrote.</returns>
    public async Task<(int ExitCode, string Output)> RunApiAsync(params string[] arguments)
    {
        var log = Path.Combine(_folder, $"command-{Guid.NewGuid():N}.log");
        var options = Options("command", StackLayout.ApiAssembly, log, health: null) with { Arguments = arguments };
        await using var command = await ServiceProcess.StartAsync(options);
        return (await command.Exited.Soon(), LogFiles.ReadFrom(log, 0));
    }

    /// <summary>The worker that holds a claim, by its name in <c>leased_by</c> or in an attempt.</summary>
    public ServiceProcess WorkerNamed(string name) =>
        Assert.Single(Workers, worker => name.Contains($"-{worker.ProcessId.ToString(CultureInfo.InvariantCulture)}-", StringComparison.Ordinal));

    /// <summary>What the API says of itself at <c>/health</c>, or at <c>/alive</c>.</summary>
    public Task<string> HealthAsync(string path = "health") => ReadAsync(path, answer => answer.Content.ReadAsStringAsync(Token));

    /// <summary>The same; null while it does not answer at all.</summary>
    public async Task<string?> TryHealthAsync()
    {
        try
        {
            return await HealthAsync();
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>The status code of a GET with the operator's key.</summary>
    public Task<int> StatusOfAsync(string path) => ReadAsync(path, answer => Task.FromResult((int)answer.StatusCode));

    /// <summary>A caller of the API.</summary>
    internal StackCaller Caller(string key) => new(Url, key);

    /// <summary>A new organization, as its caller.</summary>
    internal async Task<StackCaller> AddOrganizationAsync(string name = "Acme")
    {
        using var admin = Caller(AdminKey);
        var organization = await admin.PostAsync("organizations", new { name });
        return Caller(organization.GetProperty("api_key").GetString()!);
    }

    public async ValueTask DisposeAsync()
    {
        // At once: what they hold at the end of a test, nobody wants.
        foreach (var worker in Workers) worker.Kill();
        _api?.Kill();
        foreach (var worker in Workers) await worker.DisposeAsync();
        if (_api is not null) await _api.DisposeAsync();
    }

    private async Task<T> ReadAsync<T>(string path, Func<HttpResponseMessage, Task<T>> read)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Url, path)) { Headers = { { "X-API-Key", AdminKey } } };
        using var answer = await Http.SendAsync(request, Token);
        return await read(answer);
    }

    private Task<ServiceProcess> LaunchAsync(string name, string assembly, string log, Uri? health, params (string Name, string? Value)[] environment)
    {
        var options = Options(name, assembly, Path.Combine(_folder, log), health);
        var variables = new Dictionary<string, string?>(options.Environment);
        foreach (var (variable, value) in environment) variables[variable] = value;
        return ServiceProcess.StartAsync(options with { Environment = variables });
    }

    private ServiceOptions Options(string name, string assembly, string log, Uri? health) => new()
    {
        Name = name,
        Assembly = assembly,
        Arguments = Arguments,
        Environment = new Dictionary<string, string?>(_environment) { ["OTEL_SERVICE_NAME"] = name },
        LogFile = log,
        Health = health,
        StartLimit = StartLimit,
    };
}
