namespace Dograh.Webhooks.Credentials;

/// <summary>The kinds of credential, as the API names them.</summary>
public static class CredentialType
{
    /// <summary>Sends nothing.</summary>
    public const string None = "none";

    /// <summary><c>Authorization: Bearer …</c></summary>
    public const string BearerToken = "bearer_token";

    /// <summary>A key in a header of its own.</summary>
    public const string ApiKey = "api_key";

    /// <summary><c>Authorization: Basic …</c></summary>
    public const string BasicAuth = "basic_auth";

    /// <summary>Any header with any value.</summary>
    public const string CustomHeader = "custom_header";

    /// <summary><c>Authorization: Bearer …</c> with a token that is fetched as RFC 6749, 4.4 has it.</summary>
    public const string OAuthClientCredentials = "oauth2_client_credentials";

    /// <summary>A client certificate: nothing in the request, but in the connection that it is sent over.</summary>
    public const string Mtls = "mtls";
}
