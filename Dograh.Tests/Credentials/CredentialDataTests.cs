using System.Text.Json;
using Dograh.Webhooks.Credentials;

namespace Dograh.Tests.Credentials;

public sealed class CredentialDataTests
{
    [Theory]
    [InlineData("none", "{}")]
    [InlineData("none", "null")]
    [InlineData("bearer_token", """{"token":"t"}""")]
    [InlineData("api_key", """{"header_name":"X-Key","api_key":"k"}""")]
    [InlineData("basic_auth", """{"username":"","password":""}""")]
    [InlineData("basic_auth", """{"username":"u","password":"a:b"}""")]
    [InlineData("custom_header", """{"header_name":"Authorization","header_value":"Token t"}""")]
    [InlineData("bearer_token", """{"token":"t","more":1}""")]
    public void What_makes_a_header_has_no_fault(string type, string data) => Assert.Empty(Faults(type, data));

    [Theory]
    [InlineData("oauth", "{}", "credential_type: must be one of none, bearer_token, api_key, basic_auth, custom_header")]
    [InlineData("Bearer_Token", """{"token":"t"}""", "credential_type: must be one of none, bearer_token, api_key, basic_auth, custom_header")]
    [InlineData("bearer_token", "[]", "credential_data: must be an object")]
    [InlineData("bearer_token", "null", "credential_data.token: is required")]
    [InlineData("bearer_token", "{}", "credential_data.token: is required")]
    [InlineData("bearer_token", """{"token":null}""", "credential_data.token: is required")]
    [InlineData("bearer_token", """{"token":7}""", "credential_data.token: must be a string")]
    [InlineData("bearer_token", """{"token":""}""", "credential_data.token: must not be empty")]
    [InlineData("bearer_token", """{"token":"s3cret\r\nX-Evil: 1"}""", "credential_data.token: must not contain a control character")]
    [InlineData("bearer_token", """{"token":"s3cret\u0000"}""", "credential_data.token: must not contain a control character")]
    [InlineData("api_key", """{"api_key":"k"}""", "credential_data.header_name: is required")]
    [InlineData("api_key", """{"header_name":"X Key","api_key":"k"}""", "credential_data.header_name: is not a legal header name")]
    [InlineData("api_key", """{"header_name":"","api_key":"k"}""", "credential_data.header_name: is not a legal header name")]
    [InlineData("api_key", """{"header_name":"X-Kéy","api_key":"k"}""", "credential_data.header_name: is not a legal header name")]
    [InlineData("custom_header", """{"header_name":"content-length","header_value":"0"}""", "credential_data.header_name: is a header that every delivery sets itself")]
    [InlineData("custom_header", """{"header_name":"x-dograh-delivery-id","header_value":"0"}""", "credential_data.header_name: is a header that every delivery sets itself")]
    [InlineData("basic_auth", """{"username":"a:b","password":"p"}""", "credential_data.username: must not contain a colon")]
    public void A_fault_is_named_by_its_field_and_never_quotes_a_value(string type, string data, string expected) =>
        Assert.Equal(expected, Assert.Single(Faults(type, data)));

    [Fact]
    public void Every_fault_is_told_at_once() =>
        Assert.Equal(
            ["credential_data.header_name: is required", "credential_data.header_value: is required"],
            Faults("custom_header", "{}"));

    [Fact]
    public void A_value_of_more_than_16_KiB_is_refused() =>
        Assert.Equal("credential_data.token: must be at most 16384 characters", Assert.Single(Faults("bearer_token", $$"""{"token":"{{new string('x', 16_385)}}"}""")));

    private static IEnumerable<string> Faults(string type, string data)
    {
        using var document = JsonDocument.Parse(data);
        return [.. CredentialData.FindFaults(type, document.RootElement).Select(fault => $"{fault.Key}: {string.Join("; ", fault.Value)}")];
    }
}
