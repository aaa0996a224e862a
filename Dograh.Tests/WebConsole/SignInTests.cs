using Dograh.Tests.Support;
using Microsoft.Playwright;

namespace Dograh.Tests.WebConsole;

/// <summary>Signing in and out, and what a session shows to whom.</summary>
public sealed class SignInTests(TestServers servers)
{
    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    [InlineData(Screen.PhoneDark)]
    public async Task Somebody_with_a_key_signs_in_and_out(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync("Acme Collections");
        await using var window = await console.OpenAsync(key: null, screen);
        var page = window.Page;

        await page.GotoAsync("/");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();

        await page.GetByLabel("API key").FillAsync("not a key");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("This key is not one of ours");
        await window.AssertAccessibleAsync();

        await page.GetByLabel("API key").FillAsync(acme.Key);
        await page.Keyboard.PressAsync("Enter");
        await window.InteractiveAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Overview" })).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Banner)).ToContainTextAsync("Acme Collections");

        var cookie = Assert.Single(await page.Context.CookiesAsync(), each => each.Name == "dograh-console");
        Assert.True(cookie.HttpOnly);
        Assert.Equal(SameSiteAttribute.Lax, cookie.SameSite);
        Assert.DoesNotContain(acme.Key, cookie.Value, StringComparison.Ordinal);

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        Assert.DoesNotContain(await page.Context.CookiesAsync(), each => each.Name == "dograh-console");
    }

    [Fact]
    public async Task Whoever_follows_a_link_signs_in_and_is_led_to_it()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(key: null);

        await window.Page.GotoAsync("/not-found?x=1");
        Assert.Contains("return=%2Fnot-found%3Fx%3D1", window.Page.Url, StringComparison.Ordinal);
        await window.Page.GetByLabel("API key").FillAsync(acme.Key);
        await window.Page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(window.Page).ToHaveURLAsync(new Uri(console.Stack.Url, "/not-found?x=1").ToString());
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Heading, new() { Name = "There is nothing here" })).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    [InlineData("javascript:alert(1)")]
    public async Task A_link_leads_nowhere_else_once_signed_in(string elsewhere)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(key: null);

        await window.Page.GotoAsync("/sign-in?return=" + Uri.EscapeDataString(elsewhere));
        await window.Page.GetByLabel("API key").FillAsync(acme.Key);
        await window.Page.Keyboard.PressAsync("Enter");

        await window.InteractiveAsync();
        Assert.Equal(console.Stack.Url.ToString(), window.Page.Url);
    }

    [Fact]
    public async Task The_choice_of_light_or_dark_is_kept()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        Assert.Equal("auto", await page.Locator("html").GetAttributeAsync("data-theme"));

        await page.GetByRole(AriaRole.Button, new() { Name = "Change between light and dark" }).ClickAsync();
        await Assertions.Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        var ground = await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");

        await window.GoAsync("/");
        Assert.Equal("dark", await page.Locator("html").GetAttributeAsync("data-theme"));
        Assert.Equal(ground, await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
    }
}
