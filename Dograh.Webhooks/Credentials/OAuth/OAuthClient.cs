using System.Net;
using System.Text;
using System.Text.Json;
using Dograh.Webhooks.Redaction;

namespace Dograh.Webhooks.Credentials.OAuth;

/// <summary>Who asks which token endpoint for what: the data of an <c>oauth2_client_credentials</c> credential.</summary>
/// <remarks>A class and not a record: nothing prints it, for it holds a secret.</remarks>
public sealed class OAuthClient
{
    private OAuthClient(CredentialVersion version) => Version = version;

    /// <summary>Which state of which credential it is: a token fetched for another is of no use.</summary>
    public CredentialVersion Version { get; }

    /// <summary>The token endpoint.</summary>
    public required string TokenUrl { get; init; }

    /// <summary>The client's id.</summary>
    public required string ClientId { get; init; }

    /// <summary>The client's secret.</summary>
    public required string ClientSecret { get; init; }

    /// <summary>The scope to ask for; null for none.</summary>
    public string? Scope { get; init; }

    /// <summary>The audience to ask for; null for none.</summary>
    public string? Audience { get; init; }

    /// <summary>Reads a credential's data.</summary>
    /// <exception cref="KeyNotFoundException">A part of it is missing.</exception>
    public static OAuthClient Read(CredentialVersion version, JsonElement data) => new(version)
    {
        TokenUrl = data.GetProperty("token_url").GetString() ?? "",
        ClientId = data.GetProperty("client_id").GetString() ?? "",
        ClientSecret = data.GetProperty("client_secret").GetString() ?? "",
        Scope = data.TryGetProperty("scope", out var scope) ? scope.GetString() : null,
        Audience = data.TryGetProperty("audience", out var audience) ? audience.GetString() : null,
    };

    /// <summary>The value of <c>Authorization</c> for the token endpoint: HTTP Basic of the form-encoded id and secret (RFC 6749, 2.3.1).</summary>
    internal string Authorization =>
        "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"{WebUtility.UrlEncode(ClientId)}:{WebUtility.UrlEncode(ClientSecret)}"));

    /// <summary>The form that asks for a token (RFC 6749, 4.4.2).</summary>
    internal IEnumerable<KeyValuePair<string, string>> Form
    {
        get
        {
            yield return new("grant_type", "client_credentials");
            if (Scope is not null) yield return new("scope", Scope);
            if (Audience is not null) yield return new("audience", Audience);
        }
    }

    /// <summary>Takes the secret out of what the token endpoint has said.</summary>
    internal string HideIn(string text) => KnownSecret.Of(ClientSecret, WebUtility.UrlEncode(ClientSecret), Authorization["Basic ".Length..]).HideIn(text);

    /// <summary>The token endpoint as it may be shown: its origin.</summary>
    internal string Origin => SafeUrl.Origin(TokenUrl);
}
