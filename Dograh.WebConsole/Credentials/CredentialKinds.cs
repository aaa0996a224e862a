namespace Dograh.WebConsole.Credentials;

/// <summary>The kinds of credential, and what is filled in for each. A test holds them to the API's own list.</summary>
internal static class CredentialKinds
{
    private static readonly CredentialField HeaderName = new("header_name", "Header's name", IsSecret: false);

    /// <summary>Every kind, in the order in which they are offered.</summary>
    public static IReadOnlyList<CredentialKind> All { get; } =
    [
        new("bearer_token", "Bearer token", "Sends Authorization: Bearer and the token.", [new("token", "Token")]),
        new("api_key", "API key", "Sends the key in a header of its own.", [HeaderName, new("api_key", "API key")]),
        new("basic_auth", "Basic authentication", "Sends Authorization: Basic, made of a name and a password.", [new("username", "User name", IsSecret: false), new("password", "Password")]),
        new("custom_header", "Custom header", "Sends any header with any value.", [HeaderName, new("header_value", "Header's value")]),
        new("oauth2_client_credentials", "OAuth 2.0 client credentials", "Fetches an access token, renews it, and sends it as a bearer token.",
        [
            new("token_url", "Token URL", IsSecret: false), new("client_id", "Client id", IsSecret: false), new("client_secret", "Client secret"),
            new("scope", "Scope", IsSecret: false, IsOptional: true), new("audience", "Audience", IsSecret: false, IsOptional: true),
        ]),
        new("mtls", "Client certificate (mTLS)", "Shows a certificate to the receiver as the connection is made; https only.",
            [new("certificate_pem", "Certificate and chain, PEM", IsSecret: false, Lines: 6), new("private_key_pem", "Private key, PEM", Lines: 6)]),
        new("none", "None", "Sends nothing: stands for a receiver that asks for nothing.", []),
    ];

    /// <summary>A kind's name in words; a kind that this console does not know keeps the API's name.</summary>
    public static string NameOf(string type) => Find(type)?.Name ?? type;

    /// <summary>A kind.</summary>
    public static CredentialKind? Find(string type) => All.FirstOrDefault(kind => kind.Type == type);
}

/// <summary>A kind of credential.</summary>
/// <param name="Type">As the API names it.</param>
/// <param name="Name">As people do.</param>
/// <param name="Meaning">What it sends.</param>
/// <param name="Fields">What is filled in.</param>
internal sealed record CredentialKind(string Type, string Name, string Meaning, IReadOnlyList<CredentialField> Fields);

/// <summary>Something to fill in.</summary>
/// <param name="Name">As the API names it.</param>
/// <param name="Label">As people do.</param>
/// <param name="IsSecret">Whether it is not to be seen over a shoulder.</param>
/// <param name="IsOptional">Whether it may be left out.</param>
/// <param name="Lines">How many lines it has.</param>
internal sealed record CredentialField(string Name, string Label, bool IsSecret = true, bool IsOptional = false, int Lines = 1);
