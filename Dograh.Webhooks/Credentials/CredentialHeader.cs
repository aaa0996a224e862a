using System.Text;
using System.Text.Json;
using Dograh.Webhooks.Redaction;

namespace Dograh.Webhooks.Credentials;

/// <summary>The header that a credential sends.</summary>
/// <param name="Name">The header's name.</param>
/// <param name="Value">Its value: a secret. Never log it.</param>
public sealed record CredentialHeader(string Name, string Value)
{
    private const string Authorization = "Authorization";
    private const string Basic = "Basic ";

    /// <summary>The header of a token.</summary>
    public static CredentialHeader Bearer(string token) => new(Authorization, $"Bearer {token}");

    /// <summary>Builds the header from a credential's type and data; what the data lacks is as the original implementation has it.</summary>
    /// <returns>Null for a credential that sends nothing.</returns>
    public static CredentialHeader? Build(string credentialType, JsonElement data) => credentialType switch
    {
        CredentialType.BearerToken => Bearer(Read(data, "token")),
        CredentialType.ApiKey => new CredentialHeader(Read(data, "header_name", "X-API-Key"), Read(data, "api_key")),
        CredentialType.BasicAuth => new CredentialHeader(
            Authorization,
            Basic + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Read(data, "username")}:{Read(data, "password")}"))),
        CredentialType.CustomHeader => new CredentialHeader(Read(data, "header_name", "X-Custom"), Read(data, "header_value")),
        _ => null,
    };

    /// <summary>What must not be stored of an answer that says it again: the value, what follows its scheme, and a password within that.</summary>
    public KnownSecret FindSecret()
    {
        var secret = Value[(Value.IndexOf(' ', StringComparison.Ordinal) + 1)..];
        var pair = new byte[secret.Length];
        return Value.StartsWith(Basic, StringComparison.OrdinalIgnoreCase) && Convert.TryFromBase64String(secret, pair, out var length)
            ? KnownSecret.Of(Value, secret, Encoding.UTF8.GetString(pair, 0, length).Split(':', 2)[^1])
            : KnownSecret.Of(Value, secret);
    }

    /// <summary>Hides the value from anything that prints the record.</summary>
    public override string ToString() => $"{Name}: ***";

    private static string Read(JsonElement data, string name, string otherwise = "") =>
        data.ValueKind == JsonValueKind.Object && data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : otherwise;
}
