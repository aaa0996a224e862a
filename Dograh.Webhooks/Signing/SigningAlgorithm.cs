namespace Dograh.Webhooks.Signing;

/// <summary>The signatures of Standard Webhooks, as the API and every signature name them.</summary>
public static class SigningAlgorithm
{
    /// <summary>HMAC-SHA256 with a secret that the receiver has too.</summary>
    public const string V1 = "v1";

    /// <summary>Ed25519: the receiver needs the public key only.</summary>
    public const string V1a = "v1a";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [V1, V1a];
}
