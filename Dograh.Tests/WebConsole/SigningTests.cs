using Dograh.Tests.Support;
using Microsoft.Playwright;

namespace Dograh.Tests.WebConsole;

/// <summary>Signing secrets, on their page.</summary>
public sealed class SigningTests(TestServers servers)
{
    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    [InlineData(Screen.PhoneDark)]
    public async Task The_organizations_is_revealed_rotated_with_an_overlap_and_the_old_one_expired(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var first = (await acme.GetAsync("signing-secrets")).GetProperty("items")[0];
        var (id, prefix) = (first.GetProperty("id").GetString(), first.GetProperty("prefix").GetString()!);
        await using var window = await console.OpenAsync(acme.Key, screen);
        await window.GoAsync("/signing");
        await window.Row(prefix).Expect().ToContainTextAsync("The organization");
        await window.Row(prefix).Expect().ToContainTextAsync("no end");
        await window.AssertAccessibleAsync();

        await window.Button($"Reveal {prefix}").ClickAsync();
        await window.AssertAccessibleAsync();
        await window.ConfirmAsync("Reveal the secret");
        var secret = (await acme.GetAsync($"signing-secrets/{id}/secret")).GetProperty("secret").GetString()!;
        await window.Row(secret).Expect().ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
        await window.Button("Hide").ClickAsync();
        await window.Row(secret).Expect().ToHaveCountAsync(0);

        await window.Button("Rotate").ClickAsync();
        await window.AssertAccessibleAsync();
        await window.Field("The old ones sign beside it").SelectOptionAsync("3600");
        await window.Button("Rotate the secret").ClickAsync();
        await window.Page.Locator("tbody tr").Expect().ToHaveCountAsync(2);
        await window.Row(prefix).Expect().ToContainTextAsync("in 59 min");

        await window.Button($"Expire {prefix}").ClickAsync();
        await window.ConfirmAsync("Expire it now");
        await window.Page.Locator("tbody tr").Expect().ToHaveCountAsync(1);
        await window.Row(prefix).Expect().ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_node_gets_one_of_its_own_and_a_public_key_is_published()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await acme.AddWorkflowAsync(new Uri("https://crm.example/"));
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync("/signing");
        var brought = "whsec_" + Convert.ToBase64String(new byte[32]);

        await window.Button("Add a secret").ClickAsync();
        await window.Field("Signs for").SelectOptionAsync(new SelectOptionValue { Label = "After the call › Report to the CRM" });
        await window.Field("A secret of your own (optional)").FillAsync("too short");
        await window.Button("Add the secret").ClickAsync();
        await window.Page.Locator("#signing-secret-fault").Expect().ToContainTextAsync("must be whsec_");
        await window.AssertAccessibleAsync();
        await window.Field("A secret of your own (optional)").FillAsync(brought);
        await window.Button("Add the secret").ClickAsync();
        await window.Row("After the call › Report to the CRM").Expect().ToContainTextAsync("v1, HMAC");
        Assert.DoesNotContain(brought, await window.Page.ContentAsync(), StringComparison.Ordinal);

        await window.Button("Add a secret").ClickAsync();
        await window.Field("Algorithm").SelectOptionAsync("v1a");
        await window.Button("Add the secret").ClickAsync();
        await window.Heading("Public keys").Expect().ToBeVisibleAsync();
        var key = (await acme.GetAsync("signing-keys")).GetProperty("items")[0].GetProperty("public_key").GetString()!;
        await window.Row(key).Expect().ToContainTextAsync("The organization");
        await window.AssertAccessibleAsync();
    }

    [Fact]
    public async Task The_last_one_cannot_be_expired_and_the_page_says_why()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync("/signing");

        await window.Button("Expire", exact: false).First.ClickAsync();
        await window.ConfirmAsync("Expire it now");

        await window.Page.GetByRole(AriaRole.Alert).Expect().ToContainTextAsync("Rotate it, or add another first.");
        await window.Page.Locator("tbody tr").Expect().ToHaveCountAsync(1);
    }

    [Fact]
    public async Task A_key_that_may_only_look_is_offered_nothing_else()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var key = (await acme.PostAsync("api-keys", new { name = "looker", scopes = new[] { "signing:read" } })).GetProperty("api_key").GetString();
        await using var window = await console.OpenAsync(key);

        await window.GoAsync("/signing");

        await window.Row("The organization").Expect().ToContainTextAsync("whsec_");
        foreach (var name in (string[])["Add", "Rotate", "Reveal", "Expire"]) await window.Button(name, exact: false).Expect().ToHaveCountAsync(0);
    }
}
