using System.Text.Json;
using Dograh.Tests.Credentials;
using Dograh.Tests.Support;
using Dograh.WebConsole.Credentials;
using Dograh.Webhooks.Credentials;
using Microsoft.Playwright;

namespace Dograh.Tests.WebConsole;

/// <summary>Credentials, on their page: they go in and never come out.</summary>
public sealed class CredentialsTests(TestServers servers)
{
    public static TheoryData<string, string[], string[]> Headers => new()
    {
        { "Bearer token", ["Token", "t0ken-of-it"], ["Authorization", "Bearer t0ken-of-it"] },
        { "API key", ["Header's name", "X-Crm-Key", "API key", "k3y-of-it"], ["X-Crm-Key", "k3y-of-it"] },
        { "Basic authentication", ["User name", "ana", "Password", "pa55-of-it"], ["Authorization", "Basic YW5hOnBhNTUtb2YtaXQ="] },
        { "Custom header", ["Header's name", "X-Any", "Header's value", "va1ue-of-it"], ["X-Any", "va1ue-of-it"] },
    };

    [Fact]
    public void The_page_knows_every_type_that_the_API_knows_and_its_fields() =>
        Assert.Equal(CredentialData.Types.Order(StringComparer.Ordinal), CredentialKinds.All.Select(kind => kind.Type).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    [InlineData(Screen.PhoneDark)]
    public async Task One_is_added_changed_and_deleted(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key, screen);
        await window.GoAsync("/credentials");
        await window.Page.GetByText("There are no credentials yet").Expect().ToBeVisibleAsync();
        await window.AssertAccessibleAsync();

        await window.Button("Add a credential").ClickAsync();
        await window.Button("Store the credential").ClickAsync();
        await window.Page.Locator("#credential-name-fault").Expect().ToHaveTextAsync("must be a non-empty string");
        await window.Page.Locator("#credential-token-fault").Expect().ToHaveTextAsync("is required");
        await window.AssertAccessibleAsync();
        await window.Field("Name").FillAsync("CRM");
        await window.Field("Description").FillAsync("the one in Berlin");
        await window.Field("Token").FillAsync("s3cret-of-the-crm");
        await window.Button("Store the credential").ClickAsync();
        await window.Row("CRM").Expect().ToContainTextAsync("Bearer token");
        await window.Row("CRM").Expect().ToContainTextAsync("the one in Berlin");
        await window.AssertAccessibleAsync();

        await window.Button("Change CRM").ClickAsync();
        await window.Field("Token").Expect().ToHaveValueAsync("");
        await window.AssertAccessibleAsync();
        Assert.DoesNotContain("s3cret-of-the-crm", await window.Page.ContentAsync(), StringComparison.Ordinal);
        await window.Field("Name").FillAsync("CRM 2");
        await window.Field("Description").FillAsync("");
        await window.Button("Save the changes").ClickAsync();
        await window.Row("CRM 2").Expect().ToBeVisibleAsync();
        Assert.Equal("", (await OnlyAsync(acme)).GetProperty("description").GetString());

        await window.Button("Delete CRM 2").ClickAsync();
        await window.Dialog().Expect().ToContainTextAsync("No workflow's current version uses it");
        await window.AssertAccessibleAsync();
        await window.ConfirmAsync("Delete the credential");
        await window.Page.GetByText("There are no credentials yet").Expect().ToBeVisibleAsync();
    }

    [Theory, MemberData(nameof(Headers))]
    public async Task Each_type_is_filled_in_and_a_test_shows_what_the_receiver_answers(string type, string[] fields, string[] header)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers(_ => Reply.Status(418, """{"said": "short and stout"}"""));
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync("/credentials");
        await AddAsync(window, type, fields);

        await window.Button("Test It").ClickAsync();
        await window.Field("URL").FillAsync("nonsense");
        await window.Button("Send the test").ClickAsync();
        await window.Page.Locator("#test-url-fault").Expect().ToBeVisibleAsync();
        await window.Field("URL").FillAsync(receiver.At("/hook").AbsoluteUri);
        await window.Field("Method").SelectOptionAsync("PUT");
        await window.Button("Send the test").ClickAsync();

        await window.Page.Locator("#test-answer").Expect().ToContainTextAsync("The receiver answered 418");
        await window.Page.Locator("pre", new() { HasText = "short and stout" }).Expect().ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
        var request = Assert.Single(receiver.Requests);
        Assert.Equal(("PUT", header[1]), (request.Method, request.Header(header[0])));
    }

    [Fact]
    public async Task A_client_that_fetches_tokens_is_filled_in()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers(request => request.Path == "/token" ? Reply.Status(200, """{"access_token": "fetched-token", "token_type": "Bearer", "expires_in": 3600}""") : Reply.Status(200, "{}"));
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync("/credentials");
        await AddAsync(window, "OAuth 2.0 client credentials", ["Token URL", receiver.At("/token").AbsoluteUri, "Client id", "dograh", "Client secret", "s3cret", "Scope (optional)", "hooks"]);

        await window.Button("Test It").ClickAsync();
        await window.Field("URL").FillAsync(receiver.At("/hook").AbsoluteUri);
        await window.Button("Send the test").ClickAsync();

        await window.Page.Locator("#test-answer").Expect().ToContainTextAsync("The receiver answered 200");
        Assert.Equal("Bearer fetched-token", receiver.Requests.Single(request => request.Path == "/hook").Header("Authorization"));
        Assert.Contains("scope=hooks", receiver.Requests.Single(request => request.Path == "/token").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_certificate_is_filled_in_and_none_needs_nothing()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        using var authority = Certificates.NewAuthority("An authority");
        using var certificate = authority.Certify("somebody");
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync("/credentials");

        await AddAsync(window, "Client certificate (mTLS)", ["Certificate and chain, PEM", certificate.ExportCertificatePem(), "Private key, PEM", certificate.KeyPem()]);
        await AddAsync(window, "None", []);

        Assert.Equal(["none", "mtls"], (await acme.GetAsync("credentials")).GetProperty("items").EnumerateArray().Select(credential => credential.GetProperty("credential_type").GetString()));
    }

    [Fact]
    public async Task Secrets_that_are_left_empty_stay_and_those_that_are_filled_in_take_their_place()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var receiver = await Receiver.StartAsync();
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync("/credentials");
        await AddAsync(window, "Bearer token", ["Token", "the-first"]);

        await ChangeAsync(async () => await window.Field("Description").FillAsync("changed"));
        Assert.Equal("Bearer the-first", await SentAsync());
        await ChangeAsync(async () => await window.Field("Token").FillAsync("the-second"));
        Assert.Equal("Bearer the-second", await SentAsync());

        // Another type needs other data, and says so.
        await window.Button("Change It").ClickAsync();
        await window.Field("Type").SelectOptionAsync("basic_auth");
        await window.Field("User name").FillAsync("ana");
        await window.Button("Save the changes").ClickAsync();
        await window.Page.Locator("#credential-password-fault").Expect().ToHaveTextAsync("is required");

        async Task ChangeAsync(Func<Task> fill)
        {
            await window.Button("Change It").ClickAsync();
            await fill();
            await window.Button("Save the changes").ClickAsync();
            await window.Button("Save the changes").Expect().ToHaveCountAsync(0);
        }

        async Task<string?> SentAsync()
        {
            await acme.PostAsync($"credentials/{(await OnlyAsync(acme)).GetProperty("uuid").GetString()}/test", new { url = receiver.Url.AbsoluteUri });
            return receiver.Requests[^1].Header("Authorization");
        }
    }

    [Fact]
    public async Task Deleting_one_says_which_webhook_nodes_use_it()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var uuid = (await acme.PostAsync("credentials", new { name = "CRM", credential_type = "none" })).GetProperty("uuid").GetString()!;
        await acme.AddWorkflowAsync(new Uri("https://crm.example/"), ("credential_uuid", uuid));
        await acme.AddWorkflowAsync(new Uri("https://crm.example/"));
        await using var window = await console.OpenAsync(acme.Key);
        await window.GoAsync("/credentials");

        await window.Button("Delete CRM").ClickAsync();

        await window.Dialog().Expect().ToContainTextAsync("1 webhook node uses it, whose deliveries will not be sent without it: After the call › Report to the CRM.");
        await window.ConfirmAsync("Keep as it is");
        await window.Row("CRM").Expect().ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_key_that_may_only_look_is_offered_nothing_else()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await acme.PostAsync("credentials", new { name = "CRM", credential_type = "none" });
        var key = (await acme.PostAsync("api-keys", new { name = "looker", scopes = new[] { "credentials:read" } })).GetProperty("api_key").GetString();
        await using var window = await console.OpenAsync(key);

        await window.GoAsync("/credentials");

        await window.Row("CRM").Expect().ToBeVisibleAsync();
        foreach (var name in (string[])["Add", "Test", "Change CRM", "Delete"]) await window.Button(name, exact: false).Expect().ToHaveCountAsync(0);
    }

    private static async Task AddAsync(BrowserWindow window, string type, string[] fields)
    {
        await window.Button("Add a credential").ClickAsync();
        await window.Field("Name").FillAsync("It");
        await window.Field("Type").SelectOptionAsync(new SelectOptionValue { Label = type });
        for (var i = 0; i < fields.Length; i += 2) await window.Field(fields[i]).FillAsync(fields[i + 1]);
        await window.Button("Store the credential").ClickAsync();
        await window.Row(type).Expect().ToBeVisibleAsync();
    }

    private static async Task<JsonElement> OnlyAsync(Scenarios.StackCaller acme) => Assert.Single((await acme.GetAsync("credentials")).GetProperty("items").EnumerateArray());
}
