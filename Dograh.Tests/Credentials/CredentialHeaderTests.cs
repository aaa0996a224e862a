using System.Text.Json;
using Dograh.Tests.Support;
using Dograh.Webhooks.Credentials;

namespace Dograh.Tests.Credentials;

public sealed class CredentialHeaderTests
{
    [Fact]
    public void The_headers_are_those_of_the_original_implementation()
    {
        var vectors = Vectors.Pipeline("auth_header");

        Assert.NotEmpty(vectors);
        Assert.All(vectors, vector =>
        {
            var header = CredentialHeader.Build(vector.GetProperty("type").GetString()!, vector.GetProperty("data"));
            Assert.Equal(
                vector.GetProperty("expected").EnumerateObject().Select(expected => (expected.Name, expected.Value.GetString())),
                header is null ? [] : [(header.Name, (string?)header.Value)]);
        });
    }

    [Theory]
    [InlineData("bearer_token", """{"token":"s3cret"}""", "Authorization", "Bearer s3cret")]
    [InlineData("api_key", """{"header_name":"X-Key","api_key":"k"}""", "X-Key", "k")]
    [InlineData("basic_auth", """{"username":"Aladdin","password":"open sesame"}""", "Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")]
    [InlineData("basic_auth", """{"username":"jürgen","password":"grün"}""", "Authorization", "Basic asO8cmdlbjpncsO8bg==")] // UTF-8, as RFC 7617 has it
    [InlineData("custom_header", """{"header_name":"X-Tenant","header_value":"acme"}""", "X-Tenant", "acme")]
    [InlineData("bearer_token", """{"token":7}""", "Authorization", "Bearer ")] // data of another type counts as missing
    public void Each_type_sends_its_header(string type, string data, string name, string value) =>
        Assert.Equal(new CredentialHeader(name, value), CredentialHeader.Build(type, Json(data)));

    [Theory]
    [InlineData("none")]
    [InlineData("unknown")]
    public void Some_types_send_nothing(string type) => Assert.Null(CredentialHeader.Build(type, Json("""{"token":"t"}""")));

    [Theory]
    [InlineData("Authorization", "Bearer t0ken-1", "you sent Bearer t0ken-1, and t0ken-1", "you sent [REDACTED], and [REDACTED]")]
    [InlineData("X-Key", "pl/an\"ted", """{"a":"pl/an\u0022ted","b":"pl/an\"ted","c":"pl\/an\"ted"} ?k=pl%2Fan%22ted""", """{"a":"[REDACTED]","b":"[REDACTED]","c":"[REDACTED]"} ?k=[REDACTED]""")]
    [InlineData("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin said open sesame: QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin said [REDACTED]: [REDACTED]")]
    [InlineData("Authorization", "Basic no base64", "no base64", "[REDACTED]")]
    [InlineData("X-Key", "abc", "abc is too short to be one", "abc is too short to be one")]
    public void What_it_sends_is_hidden_where_it_comes_back(string name, string value, string text, string shown) =>
        Assert.Equal(shown, new CredentialHeader(name, value).FindSecret().HideIn(text));

    [Fact]
    public void A_header_never_prints_its_secret() => Assert.Equal("X-Key: ***", $"{new CredentialHeader("X-Key", "s3cret")}");

    private static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
