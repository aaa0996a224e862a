using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Microsoft.Playwright;

namespace Dograh.Tests.WebConsole.Deliveries;

/// <summary>Dead letters in groups: understood, looked into, and replayed once the cause is mended.</summary>
public sealed class DeadLettersPageTests(TestServers servers)
{
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
        await window.GoAsync("/dead-letters");
        await Assertions.Expect(window.Page.GetByText("There are no dead letters")).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();

        var run = await console.AddRunAsync(acme);
        await console.Database.AddManyAsync(run, 412, "401", "dead_letter", "'HTTP 401: no'");
        await console.Database.AddAsync(run.Waiting().In(DeliveryStatus.DeadLetter).To(new Uri("https://erp.example/")).FailedWith(null, "timeout: no response within 30 s"));

        // Live: they come while somebody looks.
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Heading, new() { Name = "412 × HTTP 401 from crm.example" })).ToBeVisibleAsync();
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Heading, new() { Name = "1 × timeout from erp.example" })).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
    }

    [Fact]
    public async Task A_groups_list_is_opened_and_shows_that_group_only()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.AddRunAsync(acme);
        await console.Database.AddAsync(2, run.Waiting().In(DeliveryStatus.DeadLetter).To(new Uri("https://crm.example/")).FailedWith(null, "timeout: no response within 30 s"));
        await console.Database.AddAsync(run.Waiting().In(DeliveryStatus.DeadLetter).To(new Uri("https://crm.example/")).FailedWith(null, "connection: Connection refused"));
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync("/dead-letters");

        await window.Page.GetByRole(AriaRole.Link, new() { Name = "Open the list of timeout from crm.example" }).ClickAsync();

        await Assertions.Expect(window.Page.Locator("tbody tr")).ToHaveCountAsync(2);
        Assert.EndsWith("/deliveries?status=dead_letter&endpoint_host=crm.example&cause=timeout", window.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_group_is_replayed_and_no_other()
    {
        var console = await servers.ConsoleAsync();
        await using var receiver = await Receiver.StartAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.AddRunAsync(acme);
        await console.Database.AddAsync(3, run.Waiting().In(DeliveryStatus.DeadLetter).To(receiver.Url).FailedWith(401, "HTTP 401: no"));
        await console.Database.AddAsync(run.Waiting().In(DeliveryStatus.DeadLetter).To(receiver.Url).FailedWith(500, "HTTP 500: oh"));
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync("/dead-letters");

        await page.GetByRole(AriaRole.Button, new() { Name = $"Replay… HTTP 401 from {receiver.Url.Host}" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("Replay 3 deliveries?");
        await page.GetByRole(AriaRole.Button, new() { Name = "Replay 3", Exact = true }).ClickAsync();

        await Assertions.Expect(page.GetByText("3 replayed.")).ToBeVisibleAsync();
        await receiver.RequestsAsync(3);
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = $"1 × HTTP 500 from {receiver.Url.Host}" })).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "HTTP 401" })).ToHaveCountAsync(0);
        Assert.Equal(1, await console.CountAsync(run, "dead_letter"));
    }
}
