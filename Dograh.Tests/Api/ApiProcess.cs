using System.Globalization;
using Dograh.Standalone;
using Dograh.Tests.Support;

namespace Dograh.Tests.Api;

/// <summary>The API's program in a process of its own, with no setting but those that a test gives it.</summary>
internal sealed class ApiProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly ServiceProcess _process;
    private readonly SocketsHttpHandler _sockets = new() { UseProxy = false };
    private readonly Uri _address;

    private ApiProcess(ServiceProcess process, Uri address)
    {
        _process = process;
        _address = address;
    }

    /// <summary>What it wrote.</summary>
    public string Output => File.ReadAllText(_process.LogFile);

    /// <summary>A caller with the operator's key.</summary>
    public ApiCaller Admin => new(With("Authorization", $"Bearer {ApiHost.AdminKey}"));

    /// <summary>A working set of settings.</summary>
    public static Dictionary<string, string?> Settings(string database) => new()
    {
        ["ConnectionStrings__dograhdb"] = database,
        ["ConnectionStrings__redis"] = TestWorker.NoRedis,
        ["SECRETS_MASTER_KEY"] = TestWorker.MasterKey,
        ["ADMIN_API_KEY"] = ApiHost.AdminKey,
        ["Api__DrainSeconds"] = "0",
    };

    /// <summary>Starts it and waits for nothing.</summary>
    public static async Task<ApiProcess> StartAsync(TestServers servers, Dictionary<string, string?> settings, params string[] arguments)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort.Next().ToString(CultureInfo.InvariantCulture)}");
        var process = await ServiceProcess.StartAsync(new ServiceOptions
        {
            Name = "API",
            Assembly = StackLayout.ApiAssembly,
            Arguments = arguments,
            Environment = new Dictionary<string, string?>(settings) { ["ASPNETCORE_URLS"] = address.ToString(), ["ASPNETCORE_ENVIRONMENT"] = "Production" },
            LogFile = Path.Combine(servers.NewFolder("api"), "api.log"),
            Health = new Uri(address, "/health"),
            StartLimit = Limit,
        });
        return new ApiProcess(process, address);
    }

    /// <summary>Waits until it is healthy.</summary>
    public Task ReadyAsync() => _process.WaitUntilReadyAsync(TestContext.Current.CancellationToken);

    /// <summary>Waits until it has ended by itself.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> EndedAsync() => _process.Exited.WaitAsync(Limit, TestContext.Current.CancellationToken);

    /// <summary>Ends it at once, with nothing tidied.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await EndedAsync();
    }

    /// <summary>A new organization.</summary>
    public async Task<ApiOrganization> NewOrganizationAsync()
    {
        var created = (await Admin.PostAsync("organizations", """{"name": "Acme"}""")).Is(201);
        return new ApiOrganization(With("X-API-Key", created.Text("api_key")), created.Number("id"), created.Text("api_key"));
    }

    public async ValueTask DisposeAsync()
    {
        _sockets.Dispose();
        _process.Kill();
        await _process.DisposeAsync();
    }

    private HttpClient With(string header, string value)
    {
        var client = new HttpClient(_sockets, disposeHandler: false) { BaseAddress = new Uri(_address, "/api/v1/") };
        client.DefaultRequestHeaders.Add(header, value);
        return client;
    }
}
