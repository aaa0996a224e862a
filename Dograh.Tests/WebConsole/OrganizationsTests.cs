using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Microsoft.Playwright;
using static Dograh.Tests.Support.Given;
using static Microsoft.Playwright.Assertions;

namespace Dograh.Tests.WebConsole;

/// <summary>What the operator sees of all organizations, and how one is made, limited, and acted for.</summary>
public sealed class OrganizationsTests(TestServers servers)
{
    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    [InlineData(Screen.PhoneDark)]
    public async Task An_organization_is_made_and_its_first_key_is_shown_once(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        var name = NewName("Made & <b>bold</b>");
        await using var window = await console.OpenAsync(RunningStack.AdminKey, screen);
        var page = window.Page;
        await window.GoAsync("/organizations");
        await window.AssertAccessibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("Give it a name.");
        await window.AssertAccessibleAsync();
        await page.GetByLabel("Name").FillAsync(name);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".new-key")).ToBeVisibleAsync();
        var key = await page.Locator(".new-key").TextContentAsync();
        await Expect(RowOf(page, name)).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();

        using var made = console.Stack.Caller(key!);
        Assert.Equal(name, (await made.GetAsync("me")).GetProperty("organization").GetProperty("name").GetString());
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy the key" }).ClickAsync();
        await Expect(page.GetByText("Copied", new() { Exact = true })).ToBeAttachedAsync();
        Assert.Equal(key, await page.EvaluateAsync<string>("navigator.clipboard.readText()"));
        await page.GetByRole(AriaRole.Button, new() { Name = "I have it" }).ClickAsync();
        await Expect(page.Locator(".new-key")).ToHaveCountAsync(0);
        await window.GoAsync("/organizations");
        await Expect(RowOf(page, name)).ToBeVisibleAsync();
        Assert.DoesNotContain(key!, await page.ContentAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.PhoneDark)]
    public async Task The_operator_acts_for_the_organization_that_is_chosen_and_for_another(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        var (first, second) = (NewName("First"), NewName("Second"));
        using var one = await console.AddOrganizationAsync(first);
        using var other = await console.AddOrganizationAsync(second);
        await AddDeadLettersAsync(console, one, 3);
        await AddDeadLettersAsync(console, other, 5);
        await using var window = await console.OpenAsync(RunningStack.AdminKey, screen);
        var page = window.Page;
        var chosen = page.GetByRole(AriaRole.Banner).GetByRole(AriaRole.Link, new() { Name = "choose an organization" });
        await Expect(chosen).ToContainTextAsync("Choose an organization");

        await chosen.ClickAsync();
        await RowOf(page, first).GetByRole(AriaRole.Button, new() { Name = $"Act for {first}" }).ClickAsync();
        await window.InteractiveAsync();
        await Expect(chosen).ToHaveTextAsync(first);
        await Expect(DeadLetters(page)).ToHaveTextAsync("3");
        await window.AssertAccessibleAsync();

        await chosen.ClickAsync();
        await Expect(RowOf(page, first).GetByRole(AriaRole.Button, new() { Name = $"Chosen {first}" })).ToBeDisabledAsync();
        await window.AssertAccessibleAsync();
        await RowOf(page, second).GetByRole(AriaRole.Button, new() { Name = $"Act for {second}" }).ClickAsync();
        await window.InteractiveAsync();
        await Expect(chosen).ToHaveTextAsync(second);
        await Expect(DeadLetters(page)).ToHaveTextAsync("5");

        await chosen.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Act for nobody" }).ClickAsync();
        await Expect(chosen).ToHaveTextAsync("Choose an organization");
        await window.GoAsync("/");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "choose the organization" })).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    public async Task Quotas_are_looked_at_set_and_taken_away(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        var name = NewName("Limited");
        using var acme = await console.AddOrganizationAsync(name);
        using var admin = console.Stack.Caller(RunningStack.AdminKey);
        var quotas = $"organizations/{await IdOfAsync(acme)}/quotas";
        await using var window = await console.OpenAsync(RunningStack.AdminKey, screen);
        var page = window.Page;
        await window.GoAsync("/organizations");

        await RowOf(page, name).GetByRole(AriaRole.Button, new() { Name = $"Quotas of {name}" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        var pending = dialog.GetByLabel("Pending deliveries");
        await Expect(pending).ToHaveValueAsync("");
        await Expect(dialog.Locator("#quota-pending_deliveries-help")).ToHaveTextAsync("In force: no quota");
        await window.AssertAccessibleAsync();

        await pending.FillAsync("1.5");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(pending).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(dialog.Locator("#quota-pending_deliveries-help")).ToContainTextAsync("A whole number");
        await window.AssertAccessibleAsync();

        await pending.FillAsync("700");
        await dialog.GetByLabel("Bytes of a payload").FillAsync("0");
        await page.Keyboard.PressAsync("Enter");
        await Expect(dialog.Locator("#quota-pending_deliveries-help")).ToHaveTextAsync("In force: 700");
        var set = await admin.GetAsync(quotas);
        Assert.Equal((700, 0), (set.GetProperty("pending_deliveries").GetInt32(), set.GetProperty("payload_bytes").GetInt32()));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, set.GetProperty("webhook_nodes").ValueKind);

        await pending.FillAsync("");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(dialog.Locator("#quota-pending_deliveries-help")).ToHaveTextAsync("In force: no quota");
        Assert.Equal(System.Text.Json.JsonValueKind.Null, (await admin.GetAsync(quotas)).GetProperty("pending_deliveries").ValueKind);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await Expect(dialog).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task What_each_has_waiting_and_parked_shows_as_it_changes()
    {
        var console = await servers.ConsoleAsync();
        var name = NewName("Busy");
        using var acme = await console.AddOrganizationAsync(name);
        await using var window = await console.OpenAsync(RunningStack.AdminKey);
        await window.GoAsync("/organizations");
        await Expect(RowOf(window.Page, name).GetByRole(AriaRole.Cell).Nth(3)).ToHaveTextAsync("0");

        await AddDeadLettersAsync(console, acme, 1200);

        await Expect(RowOf(window.Page, name).GetByRole(AriaRole.Cell).Nth(3)).ToHaveTextAsync("1,200");
    }

    [Fact]
    public async Task More_than_a_page_of_them_is_paged_through()
    {
        var console = await servers.ConsoleAsync();
        await console.Database.ExecuteAsync("INSERT INTO organizations (name, created_at) SELECT 'Old ' || n, '2020-01-01' FROM generate_series(1, 51) n");
        await using var window = await console.OpenAsync(RunningStack.AdminKey);
        var page = window.Page;
        await window.GoAsync("/organizations");
        await Expect(page.GetByRole(AriaRole.Rowheader)).ToHaveCountAsync(50);

        while (await page.GetByRole(AriaRole.Link, new() { Name = "Older" }).CountAsync() > 0)
        {
            var url = page.Url;
            await page.GetByRole(AriaRole.Link, new() { Name = "Older" }).ClickAsync();
            await Expect(page).Not.ToHaveURLAsync(url);
            await Expect(page.GetByRole(AriaRole.Rowheader).First).ToBeVisibleAsync();
        }

        await Expect(page.GetByRole(AriaRole.Rowheader).Last).ToContainTextAsync("Old ");
        await window.AssertAccessibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Newest" }).ClickAsync();
        await Expect(page).ToHaveURLAsync(new Uri(console.Stack.Url, "/organizations").ToString());
    }

    [Fact]
    public async Task It_is_offered_to_the_operator_only()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key);
        await using var operating = await console.OpenAsync(RunningStack.AdminKey);

        await Expect(operating.Page.GetByRole(AriaRole.Navigation, new() { Name = "Main" }).GetByRole(AriaRole.Link, new() { Name = "Organizations" })).ToBeVisibleAsync();
        await Expect(window.Page.GetByRole(AriaRole.Link, new() { Name = "Organizations" })).ToHaveCountAsync(0);
        await window.GoAsync("/organizations");
        await Expect(window.Page.GetByText("This page is the operator's")).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
    }

    private static string NewName(string name) => $"{name} {Guid.NewGuid():N}"[..Math.Min(name.Length + 9, 60)];

    private static ILocator RowOf(IPage page, string name) => page.GetByRole(AriaRole.Row).Filter(new() { Has = page.GetByRole(AriaRole.Rowheader).Filter(new() { HasText = name }) });

    private static ILocator DeadLetters(IPage page) =>
        page.Locator(".figures .card", new() { Has = page.GetByRole(AriaRole.Heading, new() { Name = "Dead letters", Exact = true }) }).Locator(".figure");

    private static async Task<long> IdOfAsync(StackCaller caller) => (await caller.GetAsync("me")).GetProperty("organization").GetProperty("id").GetInt64();

    private static async Task AddDeadLettersAsync(RunningConsole console, StackCaller caller, int count)
    {
        var key = await console.Database.AddAsync(ADelivery().Of(await console.Database.AddRunAsync(await IdOfAsync(caller))).In(DeliveryStatus.DeadLetter));
        await console.Database.ExecuteAsync(
            """
            INSERT INTO webhook_deliveries (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, endpoint_url, endpoint_host, http_method, payload, custom_headers,
                                            status, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds, is_listed)
            SELECT organization_id, gen_random_uuid(), workflow_run_id, workflow_id, 'node-' || n, webhook_name, endpoint_url, endpoint_host, http_method, payload, custom_headers,
                   status, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds, false
            FROM webhook_deliveries CROSS JOIN generate_series(2, $3) n WHERE organization_id = $1 AND id = $2
            """,
            key.OrganizationId, key.Id, count);
    }
}
