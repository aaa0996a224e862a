using System.Text.Json;
using Dograh.Tests.Credentials;
using Dograh.Tests.Support;
using Dograh.Webhooks.Signing;

namespace Dograh.Tests.Api.Credentials;

/// <summary><c>POST /credentials/{uuid}/test</c>.</summary>
public sealed class CredentialTestTests(ApiFixture fixture) : ApiTest(fixture), IAsyncLifetime
{
    private const string Secret = "s3cr3t-which-nobody-may-see";
    private const string Bearer = """{"name": "x", "credential_type": "bearer_token", "credential_data": {"token": "s3cr3t-which-nobody-may-see"}}""";

    private Receiver _receiver = null!;

    public async ValueTask InitializeAsync() => _receiver = await Receiver.StartAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task A_test_is_sent_as_a_delivery_would_be_and_says_that_it_is_one()
    {
        var (acme, uuid) = await AddAsync(Bearer);

        var answer = (await TestAsync(acme, uuid, new { url = _receiver.Url })).Is(200);

        var request = Assert.Single(_receiver.Requests);
        Assert.Equal(("POST", $"Bearer {Secret}", "credential.test", "application/json"), (request.Method, request.Header("Authorization"), request.Header("X-Dograh-Test"), request.Header("Content-Type")));
        Assert.Equal($$"""{"event":"credential.test","credential_uuid":"{{uuid}}"}""", request.Text);
        var secret = (await acme.GetAsync($"signing-secrets/{(await acme.GetAsync("signing-secrets")).Is(200).Text("items/0/id")}/secret")).Is(200).Text("secret");
        Assert.Equal(
            SigningKeys.Open((SigningAlgorithm.V1, secret)).Sign(Guid.Parse(request.Header("webhook-id")!), long.Parse(request.Header("webhook-timestamp")!), request.Body),
            request.Header("webhook-signature"));
        Assert.Equal(["status_code", "duration_ms", "error", "response_headers", "response_body"], answer.Names());
        Assert.Equal((200, ""), ((int)answer.Number("status_code"), answer.Text("response_body")));
        Assert.True(answer.IsNull("error"));
        Assert.Empty((await acme.GetAsync("deliveries")).Is(200).Items());
    }

    [Theory]
    [InlineData("get", "")]
    [InlineData("DELETE", "")]
    [InlineData("PUT", "{")]
    public async Task The_method_is_the_callers_to_choose(string method, string bodyBegins)
    {
        var (acme, uuid) = await AddAsync(Bearer);

        (await TestAsync(acme, uuid, new { url = _receiver.Url, http_method = method })).Is(200);

        var request = Assert.Single(_receiver.Requests);
        Assert.Equal(method.ToUpperInvariant(), request.Method);
        Assert.StartsWith(bodyBegins, request.Text, StringComparison.Ordinal);
        Assert.Equal(bodyBegins.Length == 0, request.Body.Length == 0);
    }

    [Fact]
    public async Task What_came_back_is_told_redacted_and_cut()
    {
        var (acme, uuid) = await AddAsync(Bearer);
        _receiver.Answers(request => Reply.Status(403, $"no: {request.Header("Authorization")} {new string('x', 10_000)}").With("X-Said", request.Header("Authorization")!).With("Set-Cookie", Secret));

        var answer = await TestAsync(acme, uuid, new { url = _receiver.Url });

        var told = answer.Is(200);
        Assert.Equal(403, told.Number("status_code"));
        Assert.StartsWith("HTTP 403: no: ", told.Text("error"), StringComparison.Ordinal);
        Assert.InRange(told.Text("response_body").Length, 4000, 4096);
        Assert.DoesNotContain(Secret, answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "url")]
    [InlineData("""{"url": ""}""", "url")]
    [InlineData("""{"url": "receiver.example"}""", "url")]
    [InlineData("""{"url": "ftp://receiver.example/"}""", "url")]
    [InlineData("""{"url": "https://u:p@receiver.example/"}""", "url")]
    [InlineData("""{"url": "http://10.1.2.3/"}""", "url")]
    [InlineData("""{"url": "http://169.254.169.254/"}""", "url")]
    [InlineData("""{"url": "https://receiver.example/", "http_method": "CONNECT"}""", "http_method")]
    public async Task What_may_not_be_asked_is_refused_at_its_field(string body, string field)
    {
        var (acme, uuid) = await AddAsync(Bearer);

        (await acme.PostAsync($"credentials/{uuid}/test", body)).Blames(field);
    }

    [Fact]
    public async Task A_receiver_that_is_not_there_is_an_error_and_no_status()
    {
        var (acme, uuid) = await AddAsync(Bearer);

        var answer = (await TestAsync(acme, uuid, new { url = "http://127.0.0.1:1/" })).Is(200);

        Assert.True(answer.IsNull("status_code"));
        Assert.StartsWith("connection: ", answer.Text("error"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_credential_that_fetches_tokens_is_tested_with_its_endpoint()
    {
        await using var issuer = await TokenIssuer.StartAsync();
        var (acme, uuid) = await AddAsync($$"""{"name": "x", "credential_type": "oauth2_client_credentials", "credential_data": {{issuer.Data()}} }""");

        (await TestAsync(acme, uuid, new { url = _receiver.Url })).Is(200);
        (await TestAsync(acme, uuid, new { url = _receiver.Url })).Is(200);
        issuer.Says(Reply.Status(401, """{"error": "invalid_client"}"""));
        (await acme.PutAsync($"credentials/{uuid}", $$"""{"credential_data": {{issuer.Data(clientSecret: "another")}} }""")).Is(200);
        var refused = (await TestAsync(acme, uuid, new { url = _receiver.Url })).Is(200);

        Assert.Equal(["Bearer token-1", "Bearer token-1"], _receiver.Requests.Select(request => request.Header("Authorization")));
        Assert.True(refused.IsNull("status_code"));
        Assert.EndsWith(": HTTP 401, invalid_client", refused.Text("error"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_or_deleted_credential_leaves_no_token_behind()
    {
        await using var issuer = await TokenIssuer.StartAsync();
        var (acme, uuid) = await AddAsync($$"""{"name": "x", "credential_type": "oauth2_client_credentials", "credential_data": {{issuer.Data()}} }""");
        (await TestAsync(acme, uuid, new { url = _receiver.Url })).Is(200);

        (await acme.PutAsync($"credentials/{uuid}", """{"name": "y"}""")).Is(200);
        Assert.Equal(1, await TokensAsync(uuid));
        (await acme.PutAsync($"credentials/{uuid}", $$"""{"credential_data": {{issuer.Data()}} }""")).Is(200);
        Assert.Equal(0, await TokensAsync(uuid));
        (await TestAsync(acme, uuid, new { url = _receiver.Url })).Is(200);
        Assert.Equal(1, await TokensAsync(uuid));
        Assert.Equal(204, (await acme.DeleteAsync($"credentials/{uuid}")).Status);
        Assert.Equal(0, await TokensAsync(uuid));
    }

    [Fact]
    public async Task A_certificate_is_not_sent_without_TLS()
    {
        using var authority = Certificates.NewAuthority("An authority");
        using var certificate = authority.Certify("somebody");
        var (acme, uuid) = await AddAsync($$"""{"name": "x", "credential_type": "mtls", "credential_data": {{certificate.Data(authority)}} }""");

        var answer = (await TestAsync(acme, uuid, new { url = _receiver.Url })).Is(200);

        Assert.Equal("the credential is a client certificate, which only an https URL can be sent", answer.Text("error"));
        Assert.Empty(_receiver.Requests);
    }

    [Fact]
    public async Task A_deleted_credential_cannot_be_tested()
    {
        var (acme, uuid) = await AddAsync(Bearer);
        Assert.Equal(204, (await acme.DeleteAsync($"credentials/{uuid}")).Status);

        (await TestAsync(acme, uuid, new { url = _receiver.Url })).IsProblem(404);
    }

    private static Task<ApiAnswer> TestAsync(ApiOrganization organization, string uuid, object body) => organization.PostAsync($"credentials/{uuid}/test", JsonSerializer.Serialize(body));

    private async Task<(ApiOrganization, string Uuid)> AddAsync(string credential)
    {
        var acme = await Api.NewOrganizationAsync();
        return (acme, (await acme.PostAsync("credentials", credential)).Is(201).Text("uuid"));
    }

    private Task<long> TokensAsync(string uuid) => Database.ScalarAsync<long>("SELECT count(*) FROM oauth_tokens WHERE credential_uuid = $1", Guid.Parse(uuid));
}
