using Dograh.Tests.Support;
using Microsoft.Playwright;

namespace Dograh.Tests.WebConsole;

/// <summary>What somebody sees first.</summary>
public sealed class OverviewTests(TestServers servers)
{
    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    [InlineData(Screen.PhoneDark)]
    public async Task It_is_for_everybody(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key, screen);

        await window.GoAsync("/");

        await Assertions.Expect(window.Page.GetByRole(AriaRole.Heading, new() { Name = "Overview" })).ToBeVisibleAsync();
        await Assertions.Expect(window.Page.GetByText("Dead letters", new() { Exact = true }).Last).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
    }
}
