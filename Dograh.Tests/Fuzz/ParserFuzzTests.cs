using System.Net;
using System.Numerics;
using System.Text;
using System.Text.Json;
using CsCheck;
using Dograh.Api.Http;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Credentials.OAuth;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Rendering;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Workflows;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Dograh.Tests.Fuzz;

/// <summary>What parses by itself: nothing but what it says is thrown, and what it lets through keeps its promise.</summary>
public sealed class ParserFuzzTests
{
    private const int Seconds = 4;

    private const string Values = """{"gathered_context": {"x": "y", "n": 1.50, "deep": {"a": ["b", {"c": null}]}}, "initial_context": {"a": "", "b": true}, "workflow_run_id": 7, "campaign_id": null}""";

    private const string Template = """{"a": "{{gathered_context.x}}", "{{initial_context.b}}": ["{{ gathered_context.deep | fallback:none }}", 1.0, null, {"b": "{{workflow_run_id}}\\n{{campaign_id | x}}"}]}""";

    private const string Definition =
        """
        {"nodes": [{"id": "a", "type": "webhook", "data": {"name": "n", "http_method": "PUT", "endpoint_url": "https://receiver.example:8443/{{a}}", "custom_headers": [{"key": "X-Token", "value": "s3cret-of-a-header"}, {"key": "X-A", "value": "b"}],
        "payload_template": {"a": 1}, "retry_config": {"max_attempts": 3}}}, {"type": "other", "data": {"custom_headers": [{"key": "X-Token", "value": "kept"}]}}], "edges": []}
        """;

    private static readonly EgressGuard Guard = new(Options.Create(new EgressOptions()));

    private static readonly Gen<string> Url = Gen.Select(
        Gen.OneOf("http://", "https://", "HTTP://", "http:", "https:/", "ftp://", "//", "", "http://u:p@", "https://@"), Gen.OneOf(Gen.OneOf("a.example", "{{gathered_context.x}}.example", "{{x}}", "[::1]", "127.0.0.1", "0x7f.1", "1.1.1.1", "[fe80::1%25a]", "xn--a", ""), Hostile.Text),
        Gen.OneOf(Gen.OneOf("", ":443", ":", ":0", ":99999", ":{{workflow_run_id}}", ".", "..", "@b.example", "\\"), Hostile.Text), Gen.OneOf(Gen.OneOf("", "/", "/{{gathered_context.x}}/..", "/%2e%2e/{{initial_context.a}}/", "?a={{gathered_context.n}}", "#{{campaign_id}}"), Hostile.Text),
        (scheme, host, port, rest) => scheme + host + port + rest);

    [Fact]
    public Task A_template_renders_to_JSON_whatever_is_in_it() => Gen.Select(Hostile.Mutated(Template), Hostile.Mutated(Values)).FuzzAsync(Seconds, it =>
    {
        if (Parse(it.Item1) is not { } template || Parse(it.Item2) is not { } values) return;
        var context = new RenderContext(values, DateTimeOffset.UnixEpoch) { MaxLength = 100_000 };
        try
        {
            _ = JsonElement.Parse(TemplateRenderer.RenderJson(template, context), new JsonDocumentOptions { MaxDepth = 128 });
            _ = JsonElement.Parse(PayloadRenderer.Render(template, context), new JsonDocumentOptions { MaxDepth = 128 });
        }
        catch (RenderedTooLongException)
        {
            // What it may say.
        }
    }, it => $"{it.Item1}\n{it.Item2}");

    [Fact]
    public Task A_URL_that_a_template_makes_stays_where_its_owner_sent_it() => Gen.Select(Url, Hostile.Mutated(Values)).FuzzAsync(Seconds, it =>
    {
        var fault = UrlTemplate.Validate(it.Item1);
        if (Parse(it.Item2) is not { } values) return;
        var rendered = UrlTemplate.Render(it.Item1, new RenderContext(values, DateTimeOffset.UnixEpoch) { MaxLength = 100_000 });
        if (fault is not null) Assert.False(rendered.IsValid);
        if (!rendered.IsValid) return;

        var url = new Uri(rendered.Url, UriKind.Absolute);
        Assert.True(url.Scheme is "http" or "https" && it.Item1.StartsWith(url.Scheme, StringComparison.OrdinalIgnoreCase));
        Assert.NotEmpty(url.Host);
        Assert.Empty(url.UserInfo);
        var authority = it.Item1.Split("://", 2)[1].Split('/', '?', '#')[0];
        if (!authority.Contains("{{", StringComparison.Ordinal)) Assert.Equal(new Uri($"{url.Scheme}://{authority}/").Authority, url.Authority);
    }, it => $"{it.Item1}\n{it.Item2}");

    [Fact]
    public Task A_URL_that_may_be_sent_to_names_no_address_that_is_not_public() => Url.FuzzAsync(Seconds, text =>
    {
        Uri url;
        try
        {
            url = WebhookRequest.ParseUrl(text, Guard);
        }
        catch (UnsendableException)
        {
            return;
        }

        Assert.True(url.Scheme is "http" or "https");
        Assert.Empty(url.UserInfo);
        // However a resolver reads the host, as an address of its own notation too, the guard sees what it read.
        if (IPAddress.TryParse(url.IdnHost, out var address) || IPAddress.TryParse(url.Host.Trim('[', ']').TrimEnd('.'), out address)) Assert.True(Guard.Allows(address));
        Assert.DoesNotContain('@', SafeUrl.Origin(text));
    }, text => text);

    [Fact]
    public Task A_definition_that_is_saved_has_no_secret_in_it_and_goes_nowhere_private() => Hostile.Mutated(Definition).FuzzAsync(Seconds, text =>
    {
        if (Parse(text) is not { } definition) return;
        var check = DefinitionChecker.Check(definition, "/workflow_definition", Guard);
        if (check.Faults.Count > 0) return;

        var saved = JsonElement.Parse(check.Definition);
        foreach (var node in saved.GetProperty("nodes").EnumerateArray().Where(node => node.ValueKind == JsonValueKind.Object && node.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("webhook")))
        {
            var data = node.GetProperty("data");
            if (Uri.TryCreate(data.GetProperty("endpoint_url").GetString(), UriKind.Absolute, out var url)) Assert.Null(Guard.FindFault(url));
            if (!data.TryGetProperty("custom_headers", out var headers) || headers.ValueKind != JsonValueKind.Array) continue;
            foreach (var header in headers.EnumerateArray())
            {
                if (header.TryGetProperty("key", out var key) && key.ValueKind == JsonValueKind.String && CustomHeaders.LooksSecret(key.GetString()!) && header.TryGetProperty("value", out var value))
                {
                    Assert.Equal(JsonValueKind.Null, value.ValueKind);
                }
            }
        }
    }, text => text);

    [Fact]
    public Task A_cursor_is_read_as_it_was_given_out_or_blamed() => Gen.Select(Hostile.Text, Gen.DateTime, Gen.Long[1, long.MaxValue]).FuzzAsync(Seconds, it =>
    {
        var (text, created, id) = it;
        var at = new DateTimeOffset(DateTime.SpecifyKind(created, DateTimeKind.Utc));
        var page = new PageRequest(1, at, "1").ToPage([1, 2], _ => (at, id), row => row);
        var read = Read(page.NextCursor!);
        Assert.Equal((at, id), (read.CreatedAt, read.IdAsNumber));

        try
        {
            var hostile = Read(text);
            if (!hostile.IsFirst) _ = hostile.IdAsNumber;
        }
        catch (ApiProblemException problem)
        {
            Assert.Equal(422, problem.Status);
        }
    }, it => $"{it}");

    [Fact]
    public Task A_wait_that_a_receiver_asks_for_is_none_or_never_negative() => Gen.Select(
        Gen.OneOf(Hostile.Text, Gen.Long.Select(n => $"{n}"), Gen.String[Gen.Char["0123456789"], 1, 40], Gen.DateTime.Select(time => time.ToString("R"))), Gen.OneOf(Gen.DateTime.Select(time => time.ToString("R")), Hostile.Text)).FuzzAsync(Seconds, it =>
    {
        using var response = new HttpResponseMessage();
        response.Headers.TryAddWithoutValidation("Retry-After", it.Item1);
        response.Headers.TryAddWithoutValidation("Date", it.Item2);
        var wait = RetryAfter.Read(response.Headers, DateTimeOffset.UnixEpoch);
        Assert.False(wait < TimeSpan.Zero);
        // Whatever its length, a number is as many seconds, up to more than anybody waits.
        if (it.Item1.Length > 0 && it.Item1.All(char.IsAsciiDigit)) Assert.Equal((double)BigInteger.Min(BigInteger.Parse(it.Item1, null), int.MaxValue), wait!.Value.TotalSeconds);
        response.Headers.Remove("Date");
        Assert.False(RetryAfter.Read(response.Headers, DateTimeOffset.MaxValue) < TimeSpan.Zero);
    }, it => $"{it}");

    [Fact]
    public Task A_setting_of_egress_is_read_or_refused_and_its_password_never_repeated() => Gen.Select(Hostile.Text, Gen.OneOf("", "http://", "http://u:s3cret@", "socks5://u:s3cret@", "u:s3cret@")).FuzzAsync(Seconds, it =>
    {
        var options = new EgressOptions { AllowedNetworks = it.Item1, AllowedPorts = it.Item1, Proxy = it.Item2 + it.Item1 };
        var result = new EgressOptionsValidator().Validate(null, options);
        if (result.Succeeded) _ = new EgressGuard(Options.Create(options));
        else Assert.DoesNotContain("s3cret", string.Concat(result.Failures!), StringComparison.Ordinal);
    }, it => $"{it}");

    [Fact]
    public Task What_a_receiver_said_is_redacted_whatever_it_is() => Gen.Select(Hostile.Text, Gen.OneOf("password=", "\"api_key\": \"", "Authorization: Bearer ", "https://u:p@", "token:'")).FuzzAsync(Seconds, it =>
    {
        var said = FailureMessage.Redact($"{it.Item1} {it.Item2}s3cret-value-7 {it.Item1}");
        Assert.True(said.EnumerateRunes().Count() <= FailureMessage.MaxLength + 1);
        _ = FieldRedactor.Normalize(it.Item1);
    }, it => $"{it}");

    [Fact]
    public Task A_token_is_one_that_a_header_can_hold_or_none() => Hostile.Bytes(Hostile.Mutated("""{"access_token": "t0ken", "token_type": "Bearer", "expires_in": 3600, "scope": "a b", "error": "invalid_client"}""")).FuzzAsync(Seconds, body =>
    {
        if (TokenAnswer.Read(body, out var fault) is not var (token, lifetime))
        {
            Assert.NotNull(fault);
        }
        else
        {
            Assert.DoesNotContain(token, c => c is <= ' ' or > '~');
            Assert.InRange(lifetime, TimeSpan.Zero, TimeSpan.FromDays(1));
        }

        Assert.True(TokenAnswer.ReadError(body) is null or [>= 'a' and <= 'z', ..]);
    }, body => Encoding.UTF8.GetString(body));

    [Fact]
    public Task The_data_of_a_credential_are_sound_or_blamed_at_their_field() => Gen.Select(
        Gen.OneOf([.. CredentialData.Types]),
        Hostile.Mutated("""{"token_url": "https://issuer.example/token", "client_id": "c", "client_secret": "s3cret-value-7", "scope": "a", "audience": "b", "token": "t", "header_name": "X-A", "api_key": "k", "certificate_pem": "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----", "private_key_pem": "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----"}""")).FuzzAsync(Seconds, it =>
    {
        if (Parse(it.Item2) is not { } data) return;
        var faults = CredentialData.FindFaults(it.Item1, data, Guard, DateTimeOffset.UnixEpoch);
        Assert.All(faults, fault => Assert.True(fault.Key is "credential_data" || fault.Key.StartsWith("credential_data.", StringComparison.Ordinal)));
        Assert.DoesNotContain("s3cret-value-7", string.Concat(faults.Values.SelectMany(texts => texts)), StringComparison.Ordinal);
        if (it.Item1 == CredentialType.OAuthClientCredentials && faults.Count == 0) Assert.Null(Guard.FindFault(new Uri(OAuthClient.Read(new CredentialVersion(1, Guid.Empty, ""), data).TokenUrl)));
    }, it => $"{it}");

    private static PageRequest Read(string cursor)
    {
        var context = new DefaultHttpContext();
        context.Request.QueryString = QueryString.Create("cursor", cursor);
        return PageRequest.Read(context.Request);
    }

    // As a body is: JSON, and Unicode throughout.
    private static JsonElement? Parse(string text)
    {
        try
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            var element = JsonElement.Parse(bytes);
            var reader = new Utf8JsonReader(bytes);
            while (reader.Read())
            {
                if (reader.ValueIsEscaped) _ = reader.GetString();
            }

            return element;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
