using Microsoft.Playwright;

namespace Dograh.Tests.WebConsole;

/// <summary>Finding things on a page as those do who cannot see it: by their roles and names.</summary>
internal static class Finding
{
    public static ILocator Button(this BrowserWindow window, string name, bool exact = true) => window.Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = exact });

    public static ILocator Heading(this BrowserWindow window, string name) => window.Page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true });

    public static ILocator Field(this BrowserWindow window, string label) => window.Page.GetByLabel(label, new() { Exact = true });

    /// <summary>A row of the page's table that says this. On a phone it is a card.</summary>
    public static ILocator Row(this BrowserWindow window, string text) => window.Page.Locator("tbody tr", new() { HasText = text });

    /// <summary>The question that is asked before something that cannot be undone.</summary>
    public static ILocator Dialog(this BrowserWindow window) => window.Page.GetByRole(AriaRole.Dialog);

    /// <summary>Says yes to it.</summary>
    public static Task ConfirmAsync(this BrowserWindow window, string action) => window.Dialog().GetByRole(AriaRole.Button, new() { Name = action, Exact = true }).ClickAsync();

    public static ILocatorAssertions Expect(this ILocator locator) => Assertions.Expect(locator);
}
