namespace Dograh.Tests.Support;

/// <summary>The browser of the tests.</summary>
internal static class Chromium
{
    // The one without windows first: it is the same engine at less than half of the processor time.
    private static readonly string[] Programs = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    /// <summary>Its program.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static string Program => Array.Find(Programs, File.Exists)
        ?? throw new InvalidOperationException($"No Chromium: looked for {string.Join(", ", Programs)}. On Debian: apt-get install chromium-headless-shell.");
}
