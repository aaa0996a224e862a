using System.Collections.Concurrent;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Dograh.Tests.WebConsole;

/// <summary>A browser's window. Whatever a page of it says of errors, and whatever it asks another host for, fails the test at the end.</summary>
public sealed class BrowserWindow : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _faults = [];

    internal BrowserWindow(IBrowserContext context, IPage page, Uri server)
    {
        _context = context;
        Page = page;
        page.PageError += (_, error) => _faults.Enqueue($"A script failed: {error}");
        page.Console += (_, message) =>
        {
            // A broken content security policy is said here, too.
            if (message.Type == "error" && !IsExpected(message.Text)) _faults.Enqueue($"The page says: {message.Text} ({message.Location})");
        };
        page.Request += (_, request) =>
        {
            var url = new Uri(request.Url);
            if (url.Scheme is "http" or "https" or "ws" or "wss" && url.Authority != server.Authority) _faults.Enqueue($"It asked another host: {request.Url}");
        };
    }

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>What the page may say of errors, because the test is about them.</summary>
    public IReadOnlyList<string> Expected { get; init; } = [];

    /// <summary>Signs in.</summary>
    public async Task SignInAsync(string key)
    {
        await Page.GotoAsync("/sign-in");
        await Page.GetByLabel("API key").FillAsync(key);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await InteractiveAsync();
    }

    /// <summary>Goes to a page and waits until it answers to clicks.</summary>
    /// <param name="path">From the root: <c>/deliveries?state=pending</c>.</param>
    public async Task GoAsync(string path)
    {
        await Page.GotoAsync(path);
        await InteractiveAsync();
    }

    /// <summary>Waits until the page answers to clicks.</summary>
    public Task InteractiveAsync() => Page.Locator("html[data-interactive]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

    /// <summary>Holds the page, as it is now, against WCAG 2.2 AA.</summary>
    public async Task AssertAccessibleAsync()
    {
        var result = await Page.RunAxe(new AxeRunOptions { RunOnly = new RunOnlyOptions { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] } });
        Assert.True(result.Violations.Length == 0, $"{Page.Url}\n" + string.Join("\n", result.Violations.Select(violation =>
            $"{violation.Id} ({violation.Impact}): {violation.Help}\n" + string.Join("\n", violation.Nodes.Take(5).Select(node => $"  {node.Target}: {node.Html}\n    {string.Join("; ", node.Any.Concat(node.All).Concat(node.None).Select(check => check.Message))}")))));
        Assert.NotEmpty(result.Passes);
        // A page that is wider than its window scrolls sideways on a phone.
        var overflow = await Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.True(overflow <= 0, $"{Page.Url} is {overflow} px wider than its window.");
    }

    public async ValueTask DisposeAsync()
    {
        await ShowPageAsync();
        await _context.DisposeAsync();
        Assert.True(_faults.IsEmpty, string.Join("\n", _faults));
    }

    // What a test that fails leaves behind: its output is shown then.
    private async Task ShowPageAsync()
    {
        try
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{Page.Url}\n{await Page.Locator("body").AriaSnapshotAsync(new() { Timeout = 2000 })}");
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException)
        {
            // The page is closed, or its browser gone.
        }
    }

    // A connection that is cut as the window closes.
    private bool IsExpected(string text) => Expected.Any(each => text.Contains(each, StringComparison.Ordinal));
}
