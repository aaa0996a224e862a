using System.Security.Cryptography;

namespace Dograh.Webhooks.Credentials;

/// <summary>One state of a credential: whatever was made from it is of no use once its data are saved anew, even the same data.</summary>
/// <param name="OrganizationId">The organization that owns it.</param>
/// <param name="Uuid">Its uuid.</param>
/// <param name="Hash">SHA-256 of its encrypted data, in hexadecimal: it tells states apart, and nothing of what they hold.</param>
public sealed record CredentialVersion(long OrganizationId, Guid Uuid, string Hash)
{
    /// <summary>The version with these encrypted data.</summary>
    public static CredentialVersion Of(long organizationId, Guid uuid, byte[] encryptedData) =>
        new(organizationId, uuid, Convert.ToHexStringLower(SHA256.HashData(encryptedData)));

    /// <summary>The hash's bytes, as PostgreSQL's <c>sha256</c> gives them.</summary>
    public byte[] HashBytes => Convert.FromHexString(Hash);
}
