using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Microsoft.Playwright;
using static Dograh.Tests.Support.Given;
using static Microsoft.Playwright.Assertions;

namespace Dograh.Tests.WebConsole;

/// <summary>What somebody sees first: what comes in, how it fares, what waits, and who is slow or fails.</summary>
public sealed class OverviewTests(TestServers servers)
{
    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    [InlineData(Screen.PhoneDark)]
    public async Task It_shows_what_came_in_how_it_fared_and_who_is_slow_or_fails(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await AddHourAsync(console.Database, acme);
        await using var window = await console.OpenAsync(acme.Key, screen);
        var page = window.Page;

        await Expect(FigureOf(page, "Deliveries")).ToHaveTextAsync("20");
        await Expect(FigureOf(page, "Success rate")).ToHaveTextAsync("60 %");
        await Expect(FigureOf(page, "Time to deliver, p50")).ToHaveTextAsync("500 ms");
        await Expect(FigureOf(page, "Dead letters")).ToHaveTextAsync("4");
        await Expect(FigureOf(page, "Oldest due for")).ToHaveTextAsync("–");
        await Expect(page.Locator(".card", new() { HasText = "Oldest due for" })).ToContainTextAsync("0 due · 3 pending");

        var failing = page.GetByRole(AriaRole.Table, new() { Name = "Most failing receivers" }).GetByRole(AriaRole.Row);
        var slow = page.GetByRole(AriaRole.Table, new() { Name = "Slowest receivers" }).GetByRole(AriaRole.Row);
        await Expect(failing.Filter(new() { HasText = "void.example" })).ToContainTextAsync("open");
        await Expect(failing.Filter(new() { HasText = "void.example" })).ToContainTextAsync("8");
        await Expect(failing.Filter(new() { HasText = "slow.example" })).ToHaveCountAsync(0);
        await Expect(slow.Nth(1)).ToContainTextAsync("slow.example");
        await Expect(slow.Nth(1)).ToContainTextAsync("closed");
        Assert.Equal("/deliveries?endpoint_host=slow.example", await slow.Nth(1).GetByRole(AriaRole.Link).GetAttributeAsync("href"));
        await window.AssertAccessibleAsync();

        foreach (var chart in await page.Locator("section.chart").AllAsync()) await chart.GetByRole(AriaRole.Button, new() { Name = "Show as a table" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Table, new() { Name = "Time to deliver, by time (UTC)" })).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
    }

    [Fact]
    public async Task The_numbers_of_a_time_are_read_by_pointing_by_the_keyboard_and_in_a_table()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await AddHourAsync(console.Database, acme);
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        var chart = page.Locator("section.chart").First;
        var bars = chart.Locator(".chart-plot .layer.dead-letter");
        await Expect(bars).ToHaveCountAsync(1);

        // As high as four a minute are on an axis that the twelve of another minute take to fifteen.
        var (box, plot) = (await bars.BoundingBoxAsync(), await chart.Locator(".chart-plot").BoundingBoxAsync());
        Assert.Equal(4 / 15.0, box!.Height / plot!.Height, 0.01);
        Assert.Equal(plot.Y + plot.Height, box.Y + box.Height, 1.0);

        // By pointing at it.
        await page.Mouse.MoveAsync(box.X + (box.Width / 2), box.Y + (box.Height / 2));
        await Expect(chart.Locator(".chart-readout .item", new() { HasText = "Dead letters" })).ToHaveTextAsync("Dead letters 4");
        await Expect(chart.Locator(".chart-readout .item", new() { HasText = "Failed attempts" })).ToHaveTextAsync("Failed attempts 8");
        var when = await chart.Locator(".chart-readout .when").TextContentAsync();
        Assert.Matches("^[0-2][0-9]:[0-5][0-9]–[0-2][0-9]:[0-5][0-9]$", when);
        await page.Mouse.MoveAsync(5, 5);
        await Expect(chart.Locator(".chart-readout .when")).ToHaveTextAsync("Last 1h, by creation");

        // By the keyboard, back from now.
        var slider = chart.GetByRole(AriaRole.Slider);
        await slider.FocusAsync();
        for (var n = 0; n < 40 && !(await slider.GetAttributeAsync("aria-valuetext"))!.Contains("Dead letters 4", StringComparison.Ordinal); n++)
        {
            var before = await slider.GetAttributeAsync("aria-valuetext");
            await page.Keyboard.PressAsync("ArrowLeft");
            await Expect(slider).Not.ToHaveAttributeAsync("aria-valuetext", before!);
        }

        await Expect(chart.Locator(".chart-readout .item", new() { HasText = "Dead letters" })).ToHaveTextAsync("Dead letters 4");
        await Expect(chart.Locator(".chart-readout .when")).ToHaveTextAsync(when!);

        // In the table.
        await chart.GetByRole(AriaRole.Button, new() { Name = "Show as a table" }).ClickAsync();
        var row = chart.GetByRole(AriaRole.Row).Filter(new() { Has = page.GetByRole(AriaRole.Rowheader, new() { Name = when, Exact = true }) });
        await Expect(chart.GetByRole(AriaRole.Row)).ToHaveCountAsync(62);
        await Expect(row.GetByRole(AriaRole.Cell)).ToHaveTextAsync(["0", "0", "0", "4", "8", "0 %"]);
        await chart.GetByRole(AriaRole.Button, new() { Name = "Hide the table" }).ClickAsync();
        await Expect(chart.GetByRole(AriaRole.Table)).ToHaveCountAsync(0);
    }

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.PhoneDark)]
    public async Task A_new_organization_is_told_what_to_do_first_and_sees_its_first_delivery_by_itself(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var receiver = await Receiver.StartAsync();
        await using var window = await console.OpenAsync(acme.Key, screen);
        var page = window.Page;

        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Nothing has been sent yet" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Link, new() { Name = "request bin" })).ToHaveAttributeAsync("href", "/bins");
        await Expect(page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Link, new() { Name = "workflow", Exact = true })).ToHaveAttributeAsync("href", "/workflows");
        await Expect(page.GetByText("workflows/WORKFLOW/completed-runs")).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();

        var workflow = await acme.AddWorkflowAsync(receiver.Url);
        await Expect(page.GetByText($"curl {console.Stack.Url}api/v1/workflows/{workflow}/completed-runs")).ToBeVisibleAsync();
        await acme.CompleteAsync(workflow);

        await Expect(FigureOf(page, "Deliveries")).ToHaveTextAsync("1");
        await Expect(FigureOf(page, "Success rate")).ToHaveTextAsync("100 %");
    }

    // The median: a machine that does a hundred tests at a time stands still now and then.
    [Fact]
    public async Task What_happens_shows_within_two_seconds_without_the_page_being_loaded_again()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var receiver = await Receiver.StartAsync();
        var workflow = await acme.AddWorkflowAsync(receiver.Url);
        await acme.CompleteAsync(workflow);
        await using var window = await console.OpenAsync(acme.Key);
        await Expect(FigureOf(window.Page, "Deliveries")).ToHaveTextAsync("1");
        await window.Page.EvaluateAsync("window.isTheSamePage = true");

        var seconds = new List<double>();
        for (var n = 2; n <= 8; n++)
        {
            await acme.CompleteAsync(workflow);
            var begun = TimeProvider.System.GetTimestamp();
            await Expect(FigureOf(window.Page, "Deliveries")).ToHaveTextAsync($"{n}");
            seconds.Add(TimeProvider.System.GetElapsedTime(begun).TotalSeconds);
        }

        Assert.True(await window.Page.EvaluateAsync<bool>("window.isTheSamePage"));
        Assert.InRange(seconds.Order().ElementAt(seconds.Count / 2), 0, 2);
    }

    [Fact]
    public async Task The_window_is_chosen_from_five_minutes_to_thirty_days_and_is_in_the_url()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.Database.AddRunAsync(await IdOfAsync(acme));
        foreach (var days in (int[])[0, 2, 20]) await console.Database.AddAsync(ADelivery().Of(run).In(DeliveryStatus.Cancelled).CreatedAgo(TimeSpan.FromDays(days) + TimeSpan.FromMinutes(1)));
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        var chooser = page.GetByRole(AriaRole.Navigation, new() { Name = "Window" });
        await Expect(FigureOf(page, "Deliveries")).ToHaveTextAsync("1");
        await Expect(chooser.GetByRole(AriaRole.Link, new() { Name = "1 h" })).ToHaveAttributeAsync("aria-current", "true");

        await chooser.GetByRole(AriaRole.Link, new() { Name = "30 d" }).ClickAsync();
        await Expect(FigureOf(page, "Deliveries")).ToHaveTextAsync("3");
        Assert.EndsWith("/?window=30d", page.Url, StringComparison.Ordinal);
        await Expect(chooser.GetByRole(AriaRole.Link, new() { Name = "30 d" })).ToHaveAttributeAsync("aria-current", "true");

        await chooser.GetByLabel("Last").FillAsync("50h");
        await page.Keyboard.PressAsync("Enter");
        await Expect(FigureOf(page, "Deliveries")).ToHaveTextAsync("2");
        await Expect(page).ToHaveURLAsync(new Uri(console.Stack.Url, "/?window=50h").ToString());

        await window.GoAsync("/?window=50h");
        await Expect(FigureOf(page, "Deliveries")).ToHaveTextAsync("2");
        await page.GoBackAsync();
        await Expect(FigureOf(page, "Deliveries")).ToHaveTextAsync("3");

        foreach (var wrong in (string[])["4m", "31d", "1w", "h"])
        {
            await chooser.GetByLabel("Last").FillAsync(wrong);
            await page.Keyboard.PressAsync("Enter");
            await Expect(chooser.GetByLabel("Last")).ToHaveAttributeAsync("aria-invalid", "true");
            await Expect(chooser.Locator(".fault")).ToContainTextAsync("From 5m to 30d");
            await chooser.GetByLabel("Last").FillAsync("30d");
            await page.Keyboard.PressAsync("Enter");
            await Expect(chooser.Locator(".fault")).ToHaveCountAsync(0);
        }

        await window.GoAsync("/?window=1w");
        await Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
    }

    [Fact]
    public async Task A_tab_in_the_background_asks_for_nothing_and_goes_on_once_it_is_seen()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.Database.AddRunAsync(await IdOfAsync(acme));
        await console.Database.AddAsync(ADelivery().Of(run).In(DeliveryStatus.Cancelled));
        await using var hidden = await console.OpenAsync(acme.Key);
        await using var seen = await console.OpenAsync(acme.Key);
        await Expect(FigureOf(hidden.Page, "Deliveries")).ToHaveTextAsync("1");
        await hidden.Page.EvaluateAsync("Object.defineProperty(document, 'visibilityState', { get: () => window.isSeen ? 'visible' : 'hidden' })");

        for (var n = 2; n <= 4; n++)
        {
            await console.Database.AddAsync(ADelivery().Of(run).In(DeliveryStatus.Cancelled));
            // Each time another look, by somebody who looks.
            await Expect(FigureOf(seen.Page, "Deliveries")).ToHaveTextAsync($"{n}");
        }

        // One call may have been under way.
        Assert.NotEqual("4", await FigureOf(hidden.Page, "Deliveries").TextContentAsync());
        await hidden.Page.EvaluateAsync("window.isSeen = true");
        await Expect(FigureOf(hidden.Page, "Deliveries")).ToHaveTextAsync("4");
    }

    [Fact]
    public async Task What_cannot_be_renewed_is_said_to_be_old()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await AddHourAsync(console.Database, acme);
        var key = await acme.PostAsync("api-keys", new { name = "for a while" });
        await using var window = await console.OpenAsync(key.GetProperty("api_key").GetString());
        await Expect(FigureOf(window.Page, "Deliveries")).ToHaveTextAsync("20");
        await Expect(window.Page.Locator(".live")).ToHaveTextAsync("Live");

        await console.Database.ExecuteAsync("UPDATE api_keys SET expires_at = now() WHERE id = $1", key.GetProperty("id").GetGuid());

        await Expect(window.Page.Locator(".live")).ToHaveTextAsync("Not up to date");
        await Expect(window.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Your key no longer works");
        // What was there is still there to be read.
        await Expect(FigureOf(window.Page, "Deliveries")).ToHaveTextAsync("20");
        await window.AssertAccessibleAsync();
    }

    [Fact]
    public async Task Who_may_not_look_is_told_why()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var key = await acme.PostAsync("api-keys", new { name = "to write", scopes = (string[])["runs:write"] });
        await using var window = await console.OpenAsync(key.GetProperty("api_key").GetString());
        await using var operating = await console.OpenAsync(RunningStack.AdminKey);

        await Expect(window.Page.GetByText("deliveries:read")).ToBeVisibleAsync();
        await Expect(operating.Page.GetByRole(AriaRole.Link, new() { Name = "choose the organization" })).ToHaveAttributeAsync("href", "/organizations");
        await window.AssertAccessibleAsync();
        await operating.AssertAccessibleAsync();
    }

    private static ILocator FigureOf(IPage page, string name) =>
        page.Locator(".figures .card", new() { Has = page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true }) }).Locator(".figure");

    private static async Task<long> IdOfAsync(StackCaller caller) => (await caller.GetAsync("me")).GetProperty("organization").GetProperty("id").GetInt64();

    // Twelve that arrived half an hour ago, half a second after they came; four dead letters of one moment twenty minutes ago, tried twice each; one cancelled; and three that wait for a circuit.
    private static async Task AddHourAsync(TestDatabase database, StackCaller caller)
    {
        var organization = await IdOfAsync(caller);
        var run = await database.AddRunAsync(organization);
        var (slow, failing) = (ADelivery().Of(run).To(new Uri("https://slow.example/hook")), ADelivery().Of(run).To(new Uri("https://void.example/hook")));
        await database.AddAsync(12, slow.In(DeliveryStatus.Succeeded).CreatedAgo(TimeSpan.FromMinutes(30)));
        await database.AddAsync(4, failing.In(DeliveryStatus.DeadLetter));
        await database.AddAsync(failing.In(DeliveryStatus.Cancelled).CreatedAgo(TimeSpan.FromMinutes(10)));
        await database.AddAsync(3, failing.CreatedAgo(TimeSpan.FromMinutes(10)).DueIn(TimeSpan.FromHours(1)));
        await database.ExecuteAsync("UPDATE webhook_deliveries SET waiting_for = 'circuit' WHERE organization_id = $1 AND status = 'pending'", organization);
        await database.ExecuteAsync("UPDATE webhook_deliveries SET created_at = date_trunc('minute', now()) - interval '1190 seconds' WHERE organization_id = $1 AND status = 'dead_letter'", organization);
        await database.ExecuteAsync("UPDATE webhook_deliveries SET created_at = date_trunc('minute', now()) - interval '1790 seconds' WHERE organization_id = $1 AND status = 'succeeded'", organization);
        await database.ExecuteAsync("UPDATE webhook_deliveries SET delivered_at = created_at + interval '500 milliseconds' WHERE organization_id = $1 AND status = 'succeeded'", organization);
        await database.ExecuteAsync("UPDATE webhook_delivery_listings l SET created_at = d.created_at FROM webhook_deliveries d WHERE d.organization_id = l.organization_id AND d.id = l.id AND l.organization_id = $1", organization);
        await database.ExecuteAsync(
            """
            INSERT INTO webhook_delivery_attempts (organization_id, delivery_id, number, started_at, duration_ms, status_code, worker)
            SELECT organization_id, id, n, created_at + n * interval '1 millisecond', CASE WHEN status = 'succeeded' THEN 420 ELSE 5 END, CASE WHEN status = 'succeeded' THEN 200 ELSE 503 END, 'w'
            FROM webhook_deliveries CROSS JOIN generate_series(1, 2) n WHERE organization_id = $1 AND (status = 'dead_letter' OR (status = 'succeeded' AND n = 1))
            """,
            organization);
    }
}
