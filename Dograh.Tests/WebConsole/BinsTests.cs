using System.Text;
using Dograh.Tests.Support;
using Microsoft.Playwright;

namespace Dograh.Tests.WebConsole;

/// <summary>Receivers for development, on their pages.</summary>
public sealed class BinsTests(TestServers servers)
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    [InlineData(Screen.PhoneDark)]
    public async Task A_newcomer_sees_a_retry_without_writing_a_server(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key, screen);

        await window.GoAsync("/bins");
        await window.Page.GetByText("There are no bins yet").Expect().ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
        await window.Button("Create a bin").ClickAsync();
        await window.Field("Name").FillAsync("My first receiver");
        await window.AssertAccessibleAsync();
        await window.Page.Keyboard.PressAsync("Enter");
        await window.Heading("My first receiver").Expect().ToBeVisibleAsync();
        await window.AssertAccessibleAsync();

        await window.Button("Try it: send a webhook that fails twice").ClickAsync();

        var requests = window.Page.Locator(".requests > li");
        await requests.Expect().ToHaveCountAsync(3);
        await requests.Nth(2).Expect().ToContainTextAsync("attempt 1");
        await requests.Nth(2).Expect().ToContainTextAsync("answered 503");
        await requests.Nth(1).Expect().ToContainTextAsync("answered 503");
        await requests.Nth(0).Expect().ToContainTextAsync("attempt 3");
        await requests.Nth(0).Expect().ToContainTextAsync("answered 200");
        await requests.Nth(0).Expect().ToContainTextAsync("signature verified");
        await window.Page.Locator("#try-it").Expect().ToContainTextAsync("succeeded");
        await requests.Nth(0).Locator("summary").ClickAsync();
        await requests.Nth(0).Expect().ToContainTextAsync("Ada Lovelace");
        await requests.Nth(0).Expect().ToContainTextAsync("webhook-signature: v1,");
        await window.AssertAccessibleAsync();

        // Once more with the same workflow.
        await window.Button("Try it: send a webhook that fails twice").ClickAsync();
        await requests.Expect().ToHaveCountAsync(6);
        Assert.Equal(1, (await acme.GetAsync("workflows")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task It_answers_as_it_is_told_and_shows_what_arrives_without_being_reloaded()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var bin = await acme.PostAsync("bins", new { name = "CRM" });
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync($"/bins/{Id(bin)}");

        await window.Field("Fail the next").FillAsync("1");
        await window.Field("With the status").FillAsync("429");
        await window.Field("Answer all others").FillAsync("202");
        await window.Field("Wait before each answer").FillAsync("30");
        await window.Field("Retry-After of failures").FillAsync("7");
        await window.Button("Tell it").ClickAsync();
        await window.Page.Locator("#bin-answers").Expect().ToHaveTextAsync("fails 1 more with 429, then answers 202, each after 30 ms");

        // The address is the one that a browser knows the server by.
        var url = await window.Page.Locator("#bin-url").InnerTextAsync();
        Assert.Equal(new Uri(console.Stack.Url, $"/bin/{Id(bin)}").AbsoluteUri, url);
        using (var answer = await PostAsync($"{url}/orders?x=1", "{\"a\":1}")) Assert.Equal((429, 7), ((int)answer.StatusCode, (int)answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
        await window.Page.Locator(".requests > li").Expect().ToHaveCountAsync(1);
        using (var answer = await PostAsync($"{url}/orders?x=1", "{\"a\":2}")) Assert.Equal(202, (int)answer.StatusCode);

        var newest = window.Page.Locator(".requests > li").First;
        await newest.Expect().ToContainTextAsync("#2");
        await newest.Expect().ToContainTextAsync("POST /orders?x=1");
        await newest.Expect().ToContainTextAsync("answered 202 after 30 ms");
        await newest.Expect().ToContainTextAsync("not signed");
        await window.Page.Locator("#bin-answers").Expect().ToHaveTextAsync("answers 202, each after 30 ms");
        // What is opened stays open when more arrives.
        await newest.Locator("summary").ClickAsync();
        using (await PostAsync(url, "one more")) { }
        await window.Page.Locator(".requests > li").Expect().ToHaveCountAsync(3);
        await window.Page.Locator(".requests > li").Nth(1).GetByText("\"a\": 2").Expect().ToBeVisibleAsync();
    }

    [Fact]
    public async Task Bodies_that_are_large_or_no_text_are_shown_as_far_as_they_are_kept()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var bin = await acme.PostAsync("bins", new { name = "CRM" });
        var url = new Uri(console.Stack.Url, $"/bin/{Id(bin)}").AbsoluteUri;
        for (var n = 0; n < 25; n++) using (await PostAsync(url, new string((char)('a' + n), 70_000))) { }
        using (await PostAsync(url, "<script>alert('no')</script><b>bold</b>")) { }
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync($"/bins/{Id(bin)}");

        var requests = window.Page.Locator(".requests > li");
        await requests.Expect().ToHaveCountAsync(20);
        await requests.Nth(0).Locator("summary").ClickAsync();
        await requests.Nth(0).GetByText("<script>alert('no')</script><b>bold</b>").Expect().ToBeVisibleAsync();
        await requests.Nth(1).Locator("summary").ClickAsync();
        await requests.Nth(1).Expect().ToContainTextAsync("70000 bytes, of which the first 64 KiB are kept");
        await window.Button("Show older ones").ClickAsync();
        await requests.Expect().ToHaveCountAsync(26);
    }

    [Fact]
    public async Task What_makes_no_sense_is_said_at_its_field()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var bin = await acme.PostAsync("bins", new { name = "CRM" });
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync($"/bins/{Id(bin)}");

        await window.Field("With the status").FillAsync("200");
        await window.Button("Tell it").ClickAsync();

        await window.Page.Locator("#bin-fail-status-fault").Expect().ToHaveTextAsync("must be a whole number from 300 to 599");
        await window.Field("With the status").Expect().ToHaveAttributeAsync("aria-invalid", "true");
        await window.AssertAccessibleAsync();
    }

    [Fact]
    public async Task Its_requests_are_cleared_and_it_is_deleted_once_that_is_confirmed()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var bin = await acme.PostAsync("bins", new { name = "CRM" });
        var url = new Uri(console.Stack.Url, $"/bin/{Id(bin)}").AbsoluteUri;
        using (await PostAsync(url, "hello")) { }
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync($"/bins/{Id(bin)}");

        await window.Button("Clear").ClickAsync();
        await window.AssertAccessibleAsync();
        await window.ConfirmAsync("Keep as it is");
        await window.Page.Locator(".requests > li").Expect().ToHaveCountAsync(1);
        await window.Button("Clear").ClickAsync();
        await window.ConfirmAsync("Clear the bin");
        await window.Page.GetByText("Nothing has arrived yet").Expect().ToBeVisibleAsync();

        await window.Button("Delete the bin").ClickAsync();
        await window.ConfirmAsync("Delete the bin");
        await window.Page.GetByText("There are no bins yet").Expect().ToBeVisibleAsync();
        using var gone = await PostAsync(url, "hello");
        Assert.Equal(404, (int)gone.StatusCode);
    }

    [Fact]
    public async Task More_bins_than_there_may_be_are_refused_in_words_and_older_ones_are_shown_when_asked_for()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        for (var n = 1; n <= 100; n++) await acme.PostAsync("bins", new { name = $"bin {n:000}" });
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync("/bins");

        await window.Row("bin 100").Expect().ToBeVisibleAsync();
        await window.Row("bin 001").Expect().ToHaveCountAsync(0);
        await window.Button("Show older ones").ClickAsync();
        await window.Row("bin 001").Expect().ToBeVisibleAsync();

        await window.Button("Create a bin").ClickAsync();
        await window.Field("Name").FillAsync("one more");
        await window.Button("Create the bin").ClickAsync();
        await window.Page.GetByRole(AriaRole.Alert).Expect().ToContainTextAsync("100 request bins at most");

        await window.Button("Delete bin 100").ClickAsync();
        await window.ConfirmAsync("Delete the bin");
        await window.Row("bin 100").Expect().ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_key_that_may_only_look_is_offered_nothing_else()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var bin = await acme.PostAsync("bins", new { name = "CRM" });
        var key = (await acme.PostAsync("api-keys", new { name = "looker", scopes = new[] { "bins:read" } })).GetProperty("api_key").GetString();
        await using var window = await console.OpenAsync(key);

        await window.GoAsync("/bins");
        await window.Row("CRM").Expect().ToBeVisibleAsync();
        await window.Button("Create a bin").Expect().ToHaveCountAsync(0);
        await window.Button("Delete", exact: false).Expect().ToHaveCountAsync(0);
        await window.GoAsync($"/bins/{Id(bin)}");
        await window.Heading("CRM").Expect().ToBeVisibleAsync();
        foreach (var name in (string[])["Tell it", "Clear", "Delete", "Try it"]) await window.Button(name, exact: false).Expect().ToHaveCountAsync(0);
        await window.GoAsync("/keys");
        await window.Page.GetByText("Your key may not look at API keys").Expect().ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_bin_that_is_not_there_says_so()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key);

        await window.GoAsync($"/bins/{Guid.NewGuid()}");

        await window.Page.GetByRole(AriaRole.Alert).Expect().ToContainTextAsync("There is no such bin.");
        await window.AssertAccessibleAsync();
    }

    private static string Id(System.Text.Json.JsonElement bin) => bin.GetProperty("id").GetString()!;

    private static async Task<HttpResponseMessage> PostAsync(string url, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        return await Http.PostAsync(new Uri(url), content, Token);
    }
}
