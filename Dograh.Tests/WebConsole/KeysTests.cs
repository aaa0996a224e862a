using Dograh.Tests.Support;
using Dograh.WebConsole.Keys;
using Dograh.Webhooks.Organizations;
using Microsoft.Playwright;

namespace Dograh.Tests.WebConsole;

/// <summary>API keys, on their page.</summary>
public sealed class KeysTests(TestServers servers)
{
    [Fact]
    public void The_page_knows_every_scope_that_the_API_knows() => Assert.Equal(ApiKeyScope.All, KeyScopes.All.Select(scope => scope.Scope));

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    [InlineData(Screen.PhoneDark)]
    public async Task One_is_made_with_scopes_and_an_end_shown_once_and_deleted(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key, screen);
        await window.GoAsync("/keys");
        await window.Row("yours").Expect().ToContainTextAsync("everything");
        await window.AssertAccessibleAsync();

        await window.Button("Create a key").ClickAsync();
        await window.Page.GetByLabel("only what is chosen here").CheckAsync();
        await window.Button("Create the key").ClickAsync();
        await window.Page.Locator("#key-name-fault").Expect().ToBeVisibleAsync();
        await window.Page.GetByRole(AriaRole.Alert).Expect().ToContainTextAsync("Scopes must hold one at least");
        await window.AssertAccessibleAsync();
        await window.Field("Name").FillAsync("Deployment");
        await window.Field("Works").SelectOptionAsync("30");
        await window.Page.GetByLabel("runs:write").CheckAsync();
        await window.Page.GetByLabel("runs:read").CheckAsync();
        await window.Button("Create the key").ClickAsync();

        var made = await window.Page.Locator("#new-key").InnerTextAsync();
        await window.AssertAccessibleAsync();
        await window.Row("Deployment").Expect().ToContainTextAsync("runs:write, runs:read");
        await window.Row("Deployment").Expect().ToContainTextAsync("in 29 d");
        await window.Row("Deployment").Expect().ToContainTextAsync($"{made[..12]}…");
        using (var deployment = console.Stack.Caller(made)) Assert.Equal("Deployment", (await deployment.GetAsync("me")).GetProperty("key").GetProperty("name").GetString());

        await window.Button("I have it").ClickAsync();
        await window.Page.Locator("#new-key").Expect().ToHaveCountAsync(0);
        await window.GoAsync("/keys");
        Assert.DoesNotContain(made, await window.Page.ContentAsync(), StringComparison.Ordinal);

        await window.Button("Delete Deployment").ClickAsync();
        await window.Dialog().Expect().ToContainTextAsync("is refused from then on");
        await window.AssertAccessibleAsync();
        await window.ConfirmAsync("Delete the key");
        await window.Row("Deployment").Expect().ToHaveCountAsync(0);
    }

    [Fact]
    public async Task The_new_key_is_copied_at_a_click()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key);
        await window.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await window.GoAsync("/keys");
        await window.Button("Create a key").ClickAsync();
        await window.Field("Name").FillAsync("Deployment");
        await window.Button("Create the key").ClickAsync();

        await window.Button("Copy the key").ClickAsync();

        await window.Page.GetByText("Copied").Expect().ToBeAttachedAsync();
        Assert.Equal(await window.Page.Locator("#new-key").InnerTextAsync(), await window.Page.EvaluateAsync<string>("navigator.clipboard.readText()"));
    }

    [Fact]
    public async Task Whoever_deletes_their_own_key_is_told_and_signed_out()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var own = (await acme.PostAsync("api-keys", new { name = "mine" })).GetProperty("api_key").GetString();
        await using var window = await console.OpenAsync(own);
        await window.GoAsync("/keys");

        await window.Button("Delete mine").ClickAsync();
        await window.Dialog().Expect().ToContainTextAsync("you will be signed out");
        await window.ConfirmAsync("Delete and sign out");

        await window.Heading("Sign in").Expect().ToBeVisibleAsync();
        Assert.Equal(1, (await acme.GetAsync("api-keys")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task A_key_is_offered_for_another_what_it_may_itself_and_nothing_more()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var maker = (await acme.PostAsync("api-keys", new { name = "maker", scopes = new[] { "keys:read", "keys:write", "runs:read" } })).GetProperty("api_key").GetString();
        var looker = (await acme.PostAsync("api-keys", new { name = "looker", scopes = new[] { "keys:read" } })).GetProperty("api_key").GetString();
        await using (var window = await console.OpenAsync(maker))
        {
            await window.GoAsync("/keys");
            await window.Button("Create a key").ClickAsync();
            await window.Page.GetByLabel("only what is chosen here").CheckAsync();
            await window.Page.Locator("fieldset code").Expect().ToHaveTextAsync(["runs:read", "keys:read", "keys:write"]);
        }

        await using (var window = await console.OpenAsync(looker))
        {
            await window.GoAsync("/keys");
            await window.Row("maker").Expect().ToContainTextAsync("runs:read");
            foreach (var name in (string[])["Create a key", "Delete"]) await window.Button(name, exact: false).Expect().ToHaveCountAsync(0);
        }
    }

    [Fact]
    public async Task A_day_on_which_it_ends_may_be_given_and_must_be_to_come()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync("/keys");
        await window.Button("Create a key").ClickAsync();
        await window.Field("Name").FillAsync("Until then");
        await window.Field("Works").SelectOptionAsync("date");
        await window.Field("Until the end of (UTC)").FillAsync("2020-01-31");
        await window.Button("Create the key").ClickAsync();
        await window.Page.Locator("#key-life-fault").Expect().ToContainTextAsync("must be in the future");

        await window.Field("Until the end of (UTC)").FillAsync("2066-01-31");
        await window.Button("Create the key").ClickAsync();

        await window.Row("Until then").Expect().ToBeVisibleAsync();
        var made = (await acme.GetAsync("api-keys")).GetProperty("items").EnumerateArray().Single(key => key.GetProperty("name").GetString() == "Until then");
        Assert.Equal(new DateTimeOffset(2066, 2, 1, 0, 0, 0, TimeSpan.Zero), made.GetProperty("expires_at").GetDateTimeOffset());
    }
}
