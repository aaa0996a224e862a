using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Microsoft.Playwright;

namespace Dograh.Tests.WebConsole;

/// <summary>What all tests of the console share: an API and a worker in processes of their own, and a Chromium. Tests keep apart by organization.</summary>
public sealed class RunningConsole : IAsyncDisposable
{
    private readonly IReadOnlyList<IAsyncDisposable> _servers;
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private RunningConsole(RunningStack stack, TestDatabase database, IReadOnlyList<IAsyncDisposable> servers, IPlaywright playwright, IBrowser browser)
    {
        Stack = stack;
        Database = database;
        _servers = servers;
        _playwright = playwright;
        _browser = browser;
    }

    /// <summary>The API and the worker.</summary>
    public RunningStack Stack { get; }

    /// <summary>Their database.</summary>
    public TestDatabase Database { get; }

    /// <summary>Starts all of it.</summary>
    /// <param name="servers">The run's servers.</param>
    /// <param name="settings">What the stack is told besides, by full names.</param>
    public static async Task<RunningConsole> StartAsync(TestServers servers, params (string Name, string? Value)[] settings)
    {
        var browsing = LaunchAsync();
        var database = await servers.RentDatabaseAsync();
        var redis = await servers.RentRedisAsync();
        var stack = new RunningStack(servers.NewFolder("console"), database.ConnectionString, redis.ConnectionString, [("Api:FailedLoginsPerMinutePerAddress", "0"), .. settings]);
        await stack.StartApiAsync();
        await stack.StartWorkerAsync();
        var (playwright, browser) = await browsing;
        return new RunningConsole(stack, database, [database, redis], playwright, browser);
    }

    /// <summary>A new organization, as its caller.</summary>
    internal Task<StackCaller> AddOrganizationAsync(string name = "Acme") => Stack.AddOrganizationAsync(name);

    /// <summary>A browser window of its own, in which somebody has signed in.</summary>
    /// <param name="key">With which key; null for nobody.</param>
    /// <param name="screen">How large it is, and which colours its system prefers.</param>
    public async Task<BrowserWindow> OpenAsync(string? key, Screen screen = Screen.Desktop)
    {
        var isPhone = screen is Screen.Phone or Screen.PhoneDark;
        var context = await _browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = Stack.Url.ToString(),
            ViewportSize = isPhone ? new ViewportSize { Width = 390, Height = 844 } : new ViewportSize { Width = 1280, Height = 900 },
            HasTouch = isPhone,
            ColorScheme = screen is Screen.DesktopDark or Screen.PhoneDark ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
            AcceptDownloads = true,
        });
        context.SetDefaultTimeout(30_000);
        var window = new BrowserWindow(context, await context.NewPageAsync(), Stack.Url);
        if (key is not null) await window.SignInAsync(key);
        return window;
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
        await Stack.DisposeAsync();
        foreach (var server in _servers) await server.DisposeAsync();
    }

    private static async Task<(IPlaywright, IBrowser)> LaunchAsync()
    {
        // As long as a machine may take that does much else.
        Assertions.SetDefaultExpectTimeout(30_000);
        var playwright = await Playwright.CreateAsync();
        // Without its sandbox, which does not run as root, and without /dev/shm, which is small in containers.
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Chromium.Program, Args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
        return (playwright, browser);
    }
}

/// <summary>A size of window, and the colours that its system prefers.</summary>
public enum Screen
{
    /// <summary>1280 × 900, light.</summary>
    Desktop,

    /// <summary>1280 × 900, dark.</summary>
    DesktopDark,

    /// <summary>390 × 844, light.</summary>
    Phone,

    /// <summary>390 × 844, dark.</summary>
    PhoneDark,
}
