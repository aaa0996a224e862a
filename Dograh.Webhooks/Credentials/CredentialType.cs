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
}
