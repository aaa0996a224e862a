using System.Globalization;
using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Dograh.WebConsole.Audit;
using Dograh.Webhooks.Auditing;
using Microsoft.Playwright;

namespace Dograh.Tests.WebConsole;

/// <summary>The record, on its page.</summary>
public sealed class AuditTests(TestServers servers)
{
    [Fact]
    public void The_page_has_words_for_every_action() => Assert.Equal(
        typeof(AuditAction).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal), AuditWords.Actions.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    [InlineData(Screen.PhoneDark)]
    public async Task Who_did_what_is_told_filtered_and_paged(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var second = await acme.PostAsync("api-keys", new { name = "Deployment" });
        using var deployment = console.Stack.Caller(second.GetProperty("api_key").GetString()!);
        var credential = (await deployment.PostAsync("credentials", new { name = "CRM", credential_type = "none" })).GetProperty("uuid").GetString()!;
        for (var n = 0; n < 50; n++) await acme.PostAsync("credentials", new { name = $"other {n}", credential_type = "none" });
        await using var window = await console.OpenAsync(acme.Key, screen);
        await window.GoAsync("/audit");

        var rows = window.Page.GetByRole(AriaRole.Region, new() { Name = "Events" }).Locator("tbody tr");
        await rows.Expect().ToHaveCountAsync(50);
        await rows.First.Expect().ToContainTextAsync("credential stored");
        await window.AssertAccessibleAsync();
        await window.Button("Show older ones").ClickAsync();
        await rows.Expect().ToHaveCountAsync(53);
        await rows.Nth(52).Expect().ToContainTextAsync("organization created");
        await rows.Nth(52).Expect().ToContainTextAsync("operator");

        await window.Field("Action").SelectOptionAsync("api_key.created");
        await window.Button("Filter").ClickAsync();
        await rows.Expect().ToHaveCountAsync(1);
        await rows.First.GetByText("Show").ClickAsync();
        await rows.First.Expect().ToContainTextAsync("\"name\": \"Deployment\"");
        Assert.Contains("action=api_key.created", window.Page.Url, StringComparison.Ordinal);
        await window.AssertAccessibleAsync();

        // Who did it, and to what, lead on to all that they did and that was done to it.
        await window.GoAsync($"/audit?resource_id={credential}");
        await rows.Expect().ToHaveCountAsync(1);
        await rows.First.GetByRole(AriaRole.Link, new() { Name = second.GetProperty("prefix").GetString()! }).ClickAsync();
        await window.Page.WaitForURLAsync($"**actor={second.GetProperty("id").GetString()}*");
        await window.Field("Done by").Expect().ToHaveValueAsync(second.GetProperty("id").GetString()!);
        await rows.Expect().ToHaveCountAsync(1);
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "Show all" }).ClickAsync();
        await rows.Expect().ToHaveCountAsync(50);
        await window.Page.GoBackAsync();
        await rows.Expect().ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Times_are_filters_too_and_what_is_none_is_said_at_its_field()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync("/audit");

        await window.Field("From (UTC)").FillAsync(TimeProvider.System.GetUtcNow().AddHours(1).ToString("yyyy-MM-ddTHH:mm", CultureInfo.InvariantCulture));
        await window.Button("Filter").ClickAsync();
        await window.Page.GetByText("Nothing of that is on record").Expect().ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
        await window.GoAsync("/audit?actor=nobody");
        await window.Page.Locator("#audit-actor-fault").Expect().ToContainTextAsync("must be operator, or an API key's id");
        await window.AssertAccessibleAsync();
    }

    [Fact]
    public async Task What_the_organization_is_allowed_and_uses_is_told()
    {
        var console = await servers.ConsoleAsync();
        using var admin = console.Stack.Caller(RunningStack.AdminKey);
        var organization = await admin.PostAsync("organizations", new { name = "Limited" });
        await admin.PutAsync($"organizations/{organization.GetProperty("id").GetInt64()}/quotas", new { pending_deliveries = 1234 });
        await using var window = await console.OpenAsync(organization.GetProperty("api_key").GetString());

        await window.GoAsync("/audit");

        await window.Row("pending deliveries").Expect().ToContainTextAsync("1,234");
        await window.Row("deliveries a minute").Expect().ToContainTextAsync("as many as it likes");
    }

    [Fact]
    public async Task A_key_without_the_scope_is_told_which_one_it_lacks()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var key = (await acme.PostAsync("api-keys", new { name = "looker", scopes = new[] { "runs:read" } })).GetProperty("api_key").GetString();
        await using var window = await console.OpenAsync(key);

        await window.GoAsync("/audit");

        await window.Page.GetByText("audit:read").Expect().ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
    }
}
