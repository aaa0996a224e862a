using System.Net;
using System.Net.WebSockets;
using System.Security.Claims;
using Dograh.Tests.Api;
using Dograh.Tests.Support;
using Dograh.WebConsole.Session;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Dograh.Tests.WebConsole;

/// <summary>What a session is proof against.</summary>
public sealed class SessionTests(TestServers servers)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://evil.example", null, false)]
    [InlineData("http://neighbour.127.0.0.1.nip.io", "same-site", false)]
    [InlineData("null", null, false)]
    [InlineData(null, "cross-site", false)]
    [InlineData(null, "same-origin", true)]
    [InlineData(null, null, true)]
    public async Task A_page_of_another_site_cannot_speak_for_whoever_has_signed_in(string? origin, string? site, bool isLetIn)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key);
        var cookie = Assert.Single(await window.Page.Context.CookiesAsync(), each => each.Name == "dograh-console");
        using var socket = new ClientWebSocket { Options = { CollectHttpResponseDetails = true } };
        socket.Options.SetRequestHeader("Cookie", $"{cookie.Name}={cookie.Value}");
        if (origin is not null) socket.Options.SetRequestHeader("Origin", origin);
        if (site is not null) socket.Options.SetRequestHeader("Sec-Fetch-Site", site);
        var address = new UriBuilder(new Uri(console.Stack.Url, "/_blazor")) { Scheme = "ws" }.Uri;

        var refused = await Record.ExceptionAsync(() => socket.ConnectAsync(address, Token));

        Assert.Equal(isLetIn ? HttpStatusCode.SwitchingProtocols : HttpStatusCode.Forbidden, socket.HttpStatusCode);
        Assert.Equal(isLetIn, refused is null);
    }

    [Fact]
    public async Task Without_a_session_there_is_no_connection()
    {
        var console = await servers.ConsoleAsync();
        using var socket = new ClientWebSocket { Options = { CollectHttpResponseDetails = true } };

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new UriBuilder(new Uri(console.Stack.Url, "/_blazor")) { Scheme = "ws" }.Uri, Token));

        Assert.NotEqual(HttpStatusCode.SwitchingProtocols, socket.HttpStatusCode);
    }

    [Fact]
    public async Task A_form_of_another_site_signs_nobody_out()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key);

        // With the session's cookie, but without what only our own page knows.
        var answer = await window.Page.Context.APIRequest.PostAsync("/sign-out", new() { Form = window.Page.Context.APIRequest.CreateFormData().Append("return", "/") });

        Assert.Equal(400, answer.Status);
        await window.GoAsync("/");
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Heading, new() { Name = "Overview" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_session_ends_with_its_key()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var second = await acme.PostAsync("api-keys", new { name = "For a while" });
        await using var window = await console.OpenAsync(second.GetProperty("api_key").GetString());
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Heading, new() { Name = "Overview" })).ToBeVisibleAsync();

        await acme.DeleteAsync($"api-keys/{second.GetProperty("id").GetString()}");

        await window.GoAsync("/");
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Your key no longer works");
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_record_tells_the_browsers_address_and_believes_nobody_elses_word_for_it()
    {
        await using var api = await ApiHost.StartAsync(servers);
        var acme = await api.NewOrganizationAsync();

        (await acme.SendAsync(HttpMethod.Post, "api-keys", ApiCaller.Json(new { name = "Forged" }), ("X-Dograh-Browser-Address", "guessed 203.0.113.9"))).Is(201);
        var loopback = api.Services.GetRequiredService<LoopbackApi>();
        var user = new ClaimsPrincipal(new ClaimsIdentity([new Claim(SessionCookie.KeyClaim, acme.Key)], SessionCookie.SchemeName));
        SessionCookie.SetAddress(user, IPAddress.Parse("203.0.113.7"));
        await loopback.ClientOf(new SignedIn(user)).ApiKeys.CreateAsync(new Dograh.Client.ApiKeyRequest("By the console"), Token);

        var events = (await acme.GetAsync("audit?action=api_key.created")).Is(200).GetProperty("items").EnumerateArray().Take(2).Select(each => each.GetProperty("client_address").GetString());
        Assert.Equal(["203.0.113.7", "127.0.0.1"], events);
    }

    [Fact]
    public async Task Wrong_keys_count_against_the_address_of_the_browser_and_a_working_session_goes_on()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Api:FailedLoginsPerMinutePerAddress", 3));
        var acme = await api.NewOrganizationAsync();
        using var browser = new HttpClient { BaseAddress = api.Address };
        (await acme.GetAsync("workflows")).Is(200);

        for (var i = 0; i < 3; i++) Assert.Contains("not one of ours", await SignInAsync(browser, $"wrong {i}"), StringComparison.Ordinal);
        Assert.Contains("Too many keys", await SignInAsync(browser, "wrong again"), StringComparison.Ordinal);

        // One that has worked is looked up whatever its neighbours do.
        Assert.DoesNotContain("Too many keys", await SignInAsync(browser, acme.Key), StringComparison.Ordinal);
    }

    private sealed class SignedIn(ClaimsPrincipal user) : AuthenticationStateProvider
    {
        public override Task<AuthenticationState> GetAuthenticationStateAsync() => Task.FromResult(new AuthenticationState(user));
    }

    private static async Task<string> SignInAsync(HttpClient browser, string key)
    {
        var page = await browser.GetStringAsync(new Uri("/sign-in", UriKind.Relative), Token);
        var fields = System.Text.RegularExpressions.Regex.Matches(page, """<input type="hidden" name="(?<name>[^"]+)" value="(?<value>[^"]*)""", System.Text.RegularExpressions.RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5))
            .ToDictionary(match => match.Groups["name"].Value, match => WebUtility.HtmlDecode(match.Groups["value"].Value));
        fields["Key"] = key;
        using var form = new FormUrlEncodedContent(fields);
        using var answer = await browser.PostAsync(new Uri("/sign-in", UriKind.Relative), form, Token);
        return WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Token));
    }
}
