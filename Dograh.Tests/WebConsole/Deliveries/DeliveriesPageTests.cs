using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Microsoft.Playwright;
using Npgsql;

namespace Dograh.Tests.WebConsole.Deliveries;

/// <summary>The list of deliveries: looked through, and done something with.</summary>
public sealed class DeliveriesPageTests(TestServers servers)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    [InlineData(Screen.PhoneDark)]
    public async Task It_is_for_everybody_empty_and_full(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key, screen);

        await window.GoAsync("/deliveries");
        await Assertions.Expect(window.Page.GetByText("There are no deliveries yet")).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();

        var run = await console.AddRunAsync(acme);
        foreach (var status in Enum.GetValues<DeliveryStatus>()) await console.Database.AddAsync(run.Waiting().In(status).FailedWith(503, "HTTP 503: " + new string('x', 300)));
        await window.GoAsync("/deliveries");
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Table).GetByRole(AriaRole.Row)).ToHaveCountAsync(5);
        await window.AssertAccessibleAsync();

        await window.GoAsync("/deliveries?status=pending&error=none+of+it");
        await Assertions.Expect(window.Page.GetByText("Nothing matches")).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
    }

    [Fact]
    public async Task A_filter_is_in_the_address_and_the_back_button_takes_it_away()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.AddRunAsync(acme);
        await console.Database.AddAsync(2, run.Waiting());
        await console.Database.AddAsync(run.Waiting().In(DeliveryStatus.DeadLetter).To(new Uri("https://crm.example/")).FailedWith(401, "HTTP 401: no such key"));
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync("/deliveries");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(3);

        await page.GetByLabel("State").SelectOptionAsync("dead_letter");
        await page.GetByLabel("Status code").FillAsync("401");
        await page.GetByLabel("Text of the error").FillAsync("SUCH KEY");
        await page.GetByLabel("Created from (UTC)").FillAsync("2020-01-01T00:00:01");
        await page.GetByRole(AriaRole.Button, new() { Name = "Filter" }).ClickAsync();

        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("tbody tr")).ToContainTextAsync("crm.example");
        Assert.EndsWith("/deliveries?status=dead_letter&created_after=2020-01-01T00%3A00%3A01&status_code=401&error=SUCH%20KEY", page.Url, StringComparison.Ordinal);

        await page.GoBackAsync();
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(3);
        await Assertions.Expect(page.GetByLabel("State")).ToHaveValueAsync("");

        // Shared with somebody else, it shows the same.
        await window.GoAsync("/deliveries?status=dead_letter&endpoint_host=crm.example&cause=HTTP+401");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Assertions.Expect(page.GetByLabel("Cause")).ToHaveValueAsync("HTTP 401");

        await window.GoAsync("/deliveries?status_code=many");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("status_code", new() { IgnoreCase = true });
    }

    [Fact]
    public async Task Pages_are_gone_through_both_ways()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.AddRunAsync(acme);
        await console.Database.AddManyAsync(run, 120, "503");
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync("/deliveries");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(50);
        var first = await page.Locator("tbody tr").First.GetByRole(AriaRole.Link).GetAttributeAsync("href");

        await page.GetByRole(AriaRole.Button, new() { Name = "Older" }).ClickAsync();
        await Assertions.Expect(page.Locator($"a[href='{first}']")).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Button, new() { Name = "Older" }).ClickAsync();
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(20);

        await page.GetByRole(AriaRole.Button, new() { Name = "Newer" }).ClickAsync();
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(50);
        await page.GetByRole(AriaRole.Button, new() { Name = "Newest" }).ClickAsync();
        await Assertions.Expect(page.Locator($"a[href='{first}']")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Some_are_selected_and_replayed_after_being_asked_how_many()
    {
        var console = await servers.ConsoleAsync();
        await using var receiver = await Receiver.StartAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.AddRunAsync(acme);
        await console.Database.AddAsync(3, run.Waiting().In(DeliveryStatus.DeadLetter).To(receiver.Url).FailedWith(401, "HTTP 401: no"));
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync("/deliveries");

        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Replay…" })).ToBeDisabledAsync();
        for (var i = 0; i < 2; i++) await page.Locator("tbody tr").Nth(i).GetByRole(AriaRole.Checkbox).CheckAsync();
        await Assertions.Expect(page.Locator("#selection")).ToHaveTextAsync("2 selected");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Cancel…" })).ToBeDisabledAsync();

        // Whoever thinks better of it has done nothing.
        await page.GetByRole(AriaRole.Button, new() { Name = "Replay…" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("Replay 2 deliveries?");
        await window.AssertAccessibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Keep as it is" }).ClickAsync();
        Assert.Equal(3, await console.CountAsync(run, "dead_letter"));

        await page.GetByRole(AriaRole.Button, new() { Name = "Replay…" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Replay 2", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("2 replayed.")).ToBeVisibleAsync();

        // Live: they are seen to arrive, in their rows.
        await Assertions.Expect(page.Locator("tbody .state.succeeded")).ToHaveCountAsync(2);
        await Assertions.Expect(page.Locator("tbody .state.dead-letter")).ToHaveCountAsync(1);
        Assert.Equal(2, receiver.Requests.Count);
    }

    [Fact]
    public async Task All_that_match_are_cancelled_beyond_the_page_with_a_bar_that_shows_how_far_it_is()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.AddRunAsync(acme);
        await console.Database.AddManyAsync(run, 1_700, "503");
        await console.Database.AddAsync(2, run.Waiting().In(DeliveryStatus.Succeeded));
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync("/deliveries?status=pending");

        await page.GetByLabel("Select all on this page").CheckAsync();
        await Assertions.Expect(page.Locator("#selection")).ToHaveTextAsync("50 selected");
        await page.GetByRole(AriaRole.Button, new() { Name = "Select all that match" }).ClickAsync();
        await Assertions.Expect(page.Locator("#selection")).ToHaveTextAsync("All 1,700 that match are selected");
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel…" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("Cancel 1,700 deliveries?");
        // The last part has to wait, so that the bar can be looked at.
        await using var connection = await console.Database.DataSource.OpenConnectionAsync(Token);
        await using (var transaction = await connection.BeginTransactionAsync(Token))
        {
            await using (var hold = new NpgsqlCommand("SELECT FROM webhook_deliveries WHERE organization_id = $1 AND webhook_node_id = 'node-1700' FOR UPDATE", connection) { Parameters = { new() { Value = run.OrganizationId } } })
            {
                await hold.ExecuteNonQueryAsync(Token);
            }

            await page.GetByRole(AriaRole.Button, new() { Name = "Cancel 1,700", Exact = true }).ClickAsync();
            await Assertions.Expect(page.GetByText("1,500 of 1,700 cancelled…")).ToBeVisibleAsync();
            await Assertions.Expect(page.GetByRole(AriaRole.Progressbar)).ToHaveAttributeAsync("max", "1700");
            await window.AssertAccessibleAsync();
            await transaction.CommitAsync(Token);
        }

        await Assertions.Expect(page.GetByText("1,700 cancelled.")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("tbody .state.cancelled")).ToHaveCountAsync(50);
        Assert.Equal((1_700, 2), (await console.CountAsync(run, "cancelled"), await console.CountAsync(run, "succeeded")));
    }

    [Theory]
    [InlineData("CSV", "csv", 4)]
    [InlineData("NDJSON", "ndjson", 3)]
    public async Task What_matches_is_exported(string name, string format, int lines)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.AddRunAsync(acme);
        await console.Database.AddAsync(3, run.Waiting().FailedWith(503, "=HYPERLINK(\"http://evil.example\")"));
        await console.Database.AddAsync(run.Waiting().In(DeliveryStatus.Cancelled));
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync("/deliveries?status=pending");

        var download = await window.Page.RunAndWaitForDownloadAsync(() => window.Page.GetByRole(AriaRole.Button, new() { Name = $"Export {name}", Exact = true }).ClickAsync());

        Assert.Equal($"deliveries.{format}", download.SuggestedFilename);
        var text = await File.ReadAllTextAsync(await download.PathAsync(), Token);
        Assert.Equal(lines, text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(format == "csv", text.Contains(",\"'=HYPERLINK", StringComparison.Ordinal));
        await Assertions.Expect(window.Page.GetByText($"3 exported as deliveries.{format}.")).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
    }

    [Fact]
    public async Task What_is_selected_is_exported_and_nothing_else()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.AddRunAsync(acme);
        await console.Database.AddAsync(3, run.Waiting());
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync("/deliveries");
        var row = window.Page.Locator("tbody tr").Nth(1);
        var id = (await row.GetByRole(AriaRole.Link).First.GetAttributeAsync("href"))!.Split('/')[^1];
        await row.GetByRole(AriaRole.Checkbox).CheckAsync();
        await Assertions.Expect(window.Page.Locator("#selection")).ToHaveTextAsync("1 selected");

        var download = await window.Page.RunAndWaitForDownloadAsync(() => window.Page.GetByRole(AriaRole.Button, new() { Name = "Export NDJSON", Exact = true }).ClickAsync());

        var line = Assert.Single((await File.ReadAllTextAsync(await download.PathAsync(), Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(id, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_new_is_announced_and_pushes_nothing_away()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.AddRunAsync(acme);
        await console.Database.AddAsync(2, run.Waiting());
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync("/deliveries");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(2);

        await console.Database.AddAsync(run.Waiting().CreatedAgo(TimeSpan.Zero));
        await Assertions.Expect(page.GetByText("Newer deliveries have come.")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(2);
        await page.GetByRole(AriaRole.Button, new() { Name = "Show them" }).ClickAsync();
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(3);
    }

    [Fact]
    public async Task Who_may_only_look_is_offered_nothing_else()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await console.Database.AddAsync((await console.AddRunAsync(acme)).Waiting());
        var key = (await acme.PostAsync("api-keys", new { name = "looks", scopes = (string[])["deliveries:read"] })).GetProperty("api_key").GetString()!;
        await using var window = await console.OpenAsync(key);
        await window.GoAsync("/deliveries");

        await Assertions.Expect(window.Page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Button, new() { Name = "Export CSV" })).ToBeVisibleAsync();
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Button, new() { Name = "Replay…" })).ToHaveCountAsync(0);
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel…" })).ToHaveCountAsync(0);
    }
}
