using Dograh.Api;
using Dograh.Api.Access;
using Dograh.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dograh.Tests.Api;

/// <summary>The API in this process, composed as its program composes it, on a real socket, with a database and a Redis of its own.</summary>
/// <remarks>
/// <code>
/// await using var api = await ApiHost.StartAsync(servers, ("Egress:AllowedNetworks", null));
/// var acme = await api.NewOrganizationAsync();
/// var workflow = (await acme.PostAsync("workflows", Workflow(Webhook()))).Is(201).Number("id");
/// </code>
/// Paths are relative to <c>/api/v1/</c>; those that begin with a slash are not. Settings are given by their full names; null takes one away.
/// </remarks>
public sealed class ApiHost : IAsyncDisposable
{
    /// <summary>The operator's key.</summary>
    public const string AdminKey = "the operator's key of the tests";

    private readonly WebApplication _app;
    private readonly SocketsHttpHandler _sockets = new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        Expect100ContinueTimeout = TimeSpan.FromSeconds(20),
        // A request carries the trace that its test gives it, and none otherwise.
        ActivityHeadersPropagator = null,
    };
    private readonly IReadOnlyList<IAsyncDisposable> _owned;

    private ApiHost(WebApplication app, TestDatabase database, TestLog log, IReadOnlyList<IAsyncDisposable> owned)
    {
        _app = app;
        _owned = owned;
        Database = database;
        Log = log;
    }

    /// <summary>Its database.</summary>
    public TestDatabase Database { get; }

    /// <summary>Its services.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Its address.</summary>
    public Uri Address => new(_app.Urls.Single());

    /// <summary>A caller with the operator's key.</summary>
    public ApiCaller Admin => WithKey(AdminKey);

    /// <summary>A caller without a key.</summary>
    public ApiCaller Anonymous => new(NewClient());

    /// <summary>Every route below <c>/api/v1</c>, as the application has mapped them.</summary>
    public IReadOnlyList<ApiRoute> Routes =>
        [.. Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().SelectMany(ApiRoute.Of).Where(route => route.IsOfTheApi)];

    /// <summary>What it logged.</summary>
    internal TestLog Log { get; }

    /// <summary>Starts one over a database and a Redis of its own.</summary>
    public static async Task<ApiHost> StartAsync(TestServers servers, params (string Name, object? Value)[] settings)
    {
        var database = await servers.RentDatabaseAsync();
        var redis = await servers.RentRedisAsync();
        return await StartAsync(database, redis.ConnectionString, [database, redis], settings);
    }

    /// <summary>Starts one with some of its services replaced.</summary>
    public static async Task<ApiHost> StartAsync(TestServers servers, Action<IServiceCollection> replace, params (string Name, object? Value)[] settings)
    {
        var database = await servers.RentDatabaseAsync();
        var redis = await servers.RentRedisAsync();
        return await StartAsync(database, redis.ConnectionString, [database, redis], settings, replace);
    }

    /// <summary>Starts one over servers that the caller has.</summary>
    public static Task<ApiHost> StartAsync(TestDatabase database, string redis, params (string Name, object? Value)[] settings) =>
        StartAsync(database, redis, [], settings);

    /// <summary>A caller with a key.</summary>
    public ApiCaller WithKey(string key)
    {
        var client = NewClient();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        return new ApiCaller(client);
    }

    /// <summary>A caller with a key, the operator's unless told otherwise, that says which organization it acts for.</summary>
    public ApiCaller ActingFor(string organization, string key = AdminKey)
    {
        var caller = WithKey(key);
        caller.Http.DefaultRequestHeaders.TryAddWithoutValidation(ActingOrganization.Header, organization);
        return caller;
    }

    /// <summary>The operator, acting for an organization.</summary>
    public ApiCaller ActingFor(ApiOrganization organization) => ActingFor($"{organization.Id}");

    /// <summary>A new organization, which calls with its first key.</summary>
    public async Task<ApiOrganization> NewOrganizationAsync(string name = "Acme")
    {
        var created = (await Admin.PostAsync("organizations", new { name })).Is(201);
        var client = NewClient();
        client.DefaultRequestHeaders.Add("X-API-Key", created.Text("api_key"));
        return new ApiOrganization(client, created.Number("id"), created.Text("api_key"));
    }

    public async ValueTask DisposeAsync()
    {
        _sockets.Dispose();
        await _app.DisposeAsync();
        foreach (var owned in _owned) await owned.DisposeAsync();
    }

    private static async Task<ApiHost> StartAsync(
        TestDatabase database, string redis, IReadOnlyList<IAsyncDisposable> owned, (string Name, object? Value)[] settings, Action<IServiceCollection>? replace = null)
    {
        var configuration = TestWorker.Settings(database.ConnectionString, redis);
        configuration["Admin:ApiKey"] = AdminKey;
        // Tests try keys by the dozen, all from one address.
        configuration["Api:FailedLoginsPerMinutePerAddress"] = "0";
        foreach (var (name, value) in settings) configuration[name] = value is null ? null : FormattableString.Invariant($"{value}");
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(ApiServices).Assembly.GetName().Name,
            EnvironmentName = Environments.Production,
            ContentRootPath = AppContext.BaseDirectory,
        });
        // Without the machine's settings files and environment.
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(configuration);
        var log = new TestLog();
        builder.Logging.ClearProviders().AddProvider(log).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Npgsql", LogLevel.Warning);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        builder.AddServiceDefaults();
        builder.AddDograhApi();
        replace?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapDograhApi();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new ApiHost(app, database, log, owned);
    }

    private HttpClient NewClient() => new(_sockets, disposeHandler: false) { BaseAddress = new Uri(Address, "/api/v1/"), Timeout = TimeSpan.FromSeconds(60) };
}

/// <summary>One method of one path.</summary>
/// <param name="Method">GET, POST, …</param>
/// <param name="Pattern">The path with its parameters, such as <c>/api/v1/workflows/{id:long}</c>.</param>
/// <param name="Policies">The policies that let a caller in.</param>
/// <param name="Scope">The scope that a key needs; null for none.</param>
public sealed record ApiRoute(string Method, string Pattern, IReadOnlyList<string> Policies, string? Scope)
{
    private const string Base = "/api/v1/";

    /// <summary>Whether it is below <c>/api/v1</c>.</summary>
    public bool IsOfTheApi => Pattern.StartsWith(Base, StringComparison.Ordinal);

    /// <summary>Whether it names something by its id.</summary>
    public bool HasId => Pattern.Contains('{', StringComparison.Ordinal);

    /// <summary>What it names by its id: the segment before it.</summary>
    public string Kind => Pattern[..Pattern.IndexOf('{', StringComparison.Ordinal)].TrimEnd('/').Split('/')[^1];

    /// <summary>The path with an id in it, relative to <c>/api/v1/</c>.</summary>
    public string With(string id) => string.Join('/', Pattern[Base.Length..].Split('/').Select(part => part.StartsWith('{') ? id : part));

    /// <summary>Whether it answers with a file.</summary>
    public bool IsFile => Pattern.EndsWith("/export", StringComparison.Ordinal);

    /// <summary>The path with an id that stands for nothing.</summary>
    public string WithSomeId() => With(Pattern.Contains(":guid", StringComparison.Ordinal) ? "00000000-0000-0000-0000-000000000001" : "1");

    public override string ToString() => $"{Method} {Pattern}";

    internal static IEnumerable<ApiRoute> Of(RouteEndpoint endpoint) =>
        (endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []).Select(method => new ApiRoute(
            method, "/" + endpoint.RoutePattern.RawText!.Trim('/'),
            [.. endpoint.Metadata.GetOrderedMetadata<Microsoft.AspNetCore.Authorization.IAuthorizeData>().Select(data => data.Policy ?? "")],
            endpoint.Metadata.GetMetadata<RequiredScope>()?.Scope));
}

/// <summary>One API for all tests of a class, which keep apart by organization.</summary>
/// <param name="servers">The run's servers.</param>
/// <param name="settings">What the class's API is told besides.</param>
public abstract class ApiFixtureBase(TestServers servers, params (string Name, object? Value)[] settings) : IAsyncLifetime
{
    public ApiHost Api { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Api = await ApiHost.StartAsync(servers, settings);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Api.DisposeAsync();
    }
}

/// <summary>The API that most classes share: it may send to loopback.</summary>
public sealed class ApiFixture(TestServers servers) : ApiFixtureBase(servers);

/// <summary>A test class that shares an API.</summary>
public abstract class ApiTest(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    /// <summary>Cancelled when the run is.</summary>
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The class's API.</summary>
    protected ApiHost Api { get; } = fixture.Api;

    /// <summary>Its database.</summary>
    protected TestDatabase Database => Api.Database;
}
