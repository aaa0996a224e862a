using System.Diagnostics;
using System.Text.RegularExpressions;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Microsoft.Playwright;

namespace Dograh.Tests.WebConsole.Deliveries;

/// <summary>One delivery: what was, what is next, and what is sent.</summary>
public sealed class DeliveryPageTests(TestServers servers)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    [InlineData(Screen.PhoneDark)]
    public async Task It_is_for_everybody(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.AddRunAsync(acme);
        var key = await console.Database.AddAsync(run.Waiting().In(DeliveryStatus.DeadLetter).WithAttempts(2).FailedWith(503, "HTTP 503: busy").WithTraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        await console.Database.ExecuteAsync(
            "UPDATE webhook_delivery_attempts SET response_headers = '{\"Server\":\"x\"}', response_body = repeat('a very long answer ', 50), trace_id = repeat('ab', 16) WHERE organization_id = $1", run.OrganizationId);
        await using var window = await console.OpenAsync(acme.Key, screen);

        await window.GoAsync($"/deliveries/{(await console.Database.DeliveryAsync(key)).DeliveryUuid}");

        await Assertions.Expect(window.Page.GetByRole(AriaRole.Heading, new() { Name = "Attempt 2" })).ToBeVisibleAsync();
        await Assertions.Expect(window.Page.GetByText("Given up. Nothing more is sent unless it is replayed.")).ToBeVisibleAsync();
        await window.Page.GetByText("Response of attempt 2").ClickAsync();
        await Assertions.Expect(window.Page.GetByText("Server: x").Last).ToBeVisibleAsync();
        await Assertions.Expect(window.Page.GetByLabel("Headers", new() { Exact = true })).ToContainTextAsync("webhook-signature: ***");
        await window.AssertAccessibleAsync();
    }

    [Fact]
    public async Task A_delivery_is_seen_to_fail_to_wait_and_to_arrive()
    {
        var console = await servers.ConsoleAsync();
        await using var receiver = await Receiver.StartAsync();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        receiver.Answers(Reply.Status(503, "not now"), Reply.Ok.After(gate.Task));
        using var acme = await console.AddOrganizationAsync();
        var id = await acme.CompleteAsync(await acme.AddWorkflowAsync(receiver.Url, ("retry_config", new { base_delay_seconds = 1, max_delay_seconds = 1 })));
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync($"/deliveries/{id}");

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Attempt 1" })).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".timeline .bad .failure")).ToContainTextAsync("HTTP 503: not now");
        await Assertions.Expect(page.Locator(".state.pending")).ToBeVisibleAsync();
        gate.SetResult();
        await Assertions.Expect(page.Locator(".state.succeeded")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".timeline .good")).ToContainTextAsync("HTTP 200");
    }

    [Fact]
    public async Task What_waits_says_for_what_and_counts_down()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.AddRunAsync(acme);
        await console.Database.AddAsync(run.Waiting().DueIn(TimeSpan.FromSeconds(55)).WithAttempts(1).AtMost(5));
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync($"/deliveries/{await console.LastIdAsync(run)}");
        var next = window.Page.Locator(".next");

        await Assertions.Expect(next).ToHaveTextAsync(new Regex(@"^Attempt 2 of 5 follows in \d+ s\.$", RegexOptions.None, TimeSpan.FromSeconds(1)));
        var before = await next.TextContentAsync();
        await Assertions.Expect(next).Not.ToHaveTextAsync(before!);
    }

    [Fact]
    public async Task It_is_cancelled_and_replayed_after_being_asked()
    {
        var console = await servers.ConsoleAsync();
        await using var receiver = await Receiver.StartAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.AddRunAsync(acme);
        await console.Database.AddAsync(run.Waiting().To(receiver.Url));
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync($"/deliveries/{await console.LastIdAsync(run)}");

        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Replay…" })).ToBeDisabledAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel…" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel 1", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator(".state.cancelled")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Replay…" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Replay 1", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator(".state.succeeded")).ToBeVisibleAsync();
        Assert.Single(receiver.Requests);
    }

    [Fact]
    public async Task Its_payload_is_pretty_and_raw_and_its_request_a_command_that_sends_it()
    {
        const string Payload = """{"b":1.0,"a":"it's ü"}""";
        var console = await servers.ConsoleAsync();
        await using var receiver = await Receiver.StartAsync();
        using var acme = await console.AddOrganizationAsync();
        var run = await console.AddRunAsync(acme);
        await console.Database.AddAsync(run.Waiting().To(receiver.At("/hook?x='y'")).WithPayload(Payload).WithHeaders(("X-Custom", "it's")));
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync($"/deliveries/{await console.LastIdAsync(run)}");

        await Assertions.Expect(page.Locator("pre.payload")).ToHaveTextAsync("{\n  \"b\": 1.0,\n  \"a\": \"it's ü\"\n}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Raw" }).ClickAsync();
        await Assertions.Expect(page.Locator("pre.payload")).ToHaveTextAsync(Payload);

        var command = await page.Locator("pre.curl").TextContentAsync();
        using var curl = Process.Start(new ProcessStartInfo("sh", ["-c", command!]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, Environment = { ["no_proxy"] = "*" } })!;
        await curl.WaitForExitAsync(Token);
        Assert.Equal(0, curl.ExitCode);
        var sent = Assert.Single(await receiver.RequestsAsync(1));
        Assert.Equal((Payload, "it's", "***"), (sent.Text, sent.Header("X-Custom"), sent.Header("webhook-signature")));
    }

    [Fact]
    public async Task One_that_is_not_there_says_so()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key);

        await window.GoAsync("/deliveries/00000000-0000-0000-0000-000000000001");

        await Assertions.Expect(window.Page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
    }

    [Fact]
    public void A_trace_leads_to_the_viewer_that_is_set()
    {
        var options = new Dograh.WebConsole.ConsoleOptions { TraceUrl = "https://jaeger.example/trace/{trace_id}" };

        Assert.True(options.IsValid);
        Assert.Equal("https://jaeger.example/trace/abc", options.FindTrace("abc"));
        Assert.Null(new Dograh.WebConsole.ConsoleOptions().FindTrace("abc"));
        Assert.All((string[])["https://jaeger.example/", "javascript:{trace_id}", "/trace/{trace_id}", ""], url => Assert.False(new Dograh.WebConsole.ConsoleOptions { TraceUrl = url }.IsValid));
    }
}
