using System.Diagnostics;
using System.Text.RegularExpressions;
using Dograh.Tests.Support;

namespace Dograh.Tests.Api.Http;

/// <summary>A visit to a page by a real browser, Chromium, which shows nothing.</summary>
/// <param name="Page">The page as its scripts left it.</param>
/// <param name="Console">What the browser said meanwhile, its console included.</param>
/// <param name="Requests">Every URL that the page made it ask for.</param>
internal sealed partial record HeadlessBrowser(string Page, string Console, IReadOnlyList<string> Requests)
{
    /// <summary>Visits a page until it holds a text.</summary>
    public static async Task<HeadlessBrowser> VisitAsync(Uri url, string awaited)
    {
        var folder = Directory.CreateTempSubdirectory("dograh-browser-");
        try
        {
            var log = Path.Combine(folder.FullName, "net.json");
            var start = new ProcessStartInfo(Chromium.Program) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var argument in (string[])
            [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-default-apps", "--disable-extensions", "--disable-domain-reliability", "--disable-client-side-phishing-detection", "--enable-logging=stderr", "--v=0",
                // What the browser would ask on its own account ends here.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                $"--user-data-dir={folder.FullName}", $"--log-net-log={log}", "--timeout=40000", "--virtual-time-budget=20000", "--dump-dom", url.AbsoluteUri,
            ])
            {
                start.ArgumentList.Add(argument);
            }

            using var browser = Process.Start(start)!;
            var page = browser.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var console = browser.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            try
            {
                await Task.WhenAll(page, console).Soon();
            }
            finally
            {
                if (!browser.HasExited) browser.Kill(entireProcessTree: true);
            }

            Assert.True((await page).Contains(awaited, StringComparison.Ordinal), $"The page never held '{awaited}': {await page}\n{await console}");
            var asked = Requested().Matches(await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken))
                .Where(match => match.Groups["page"].Value == url.GetLeftPart(UriPartial.Authority)).Select(match => match.Groups["url"].Value).Distinct().ToList();
            return new HeadlessBrowser(await page, await console, asked);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [GeneratedRegex("\"initiator\":\"(?<page>[^\"]*)\"[^\n]*?\"url\":\"(?<url>(https?|wss?)://[^\"]+)\"", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Requested();
}
