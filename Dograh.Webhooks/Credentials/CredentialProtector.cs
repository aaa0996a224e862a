using Microsoft.AspNetCore.DataProtection;

namespace Dograh.Webhooks.Credentials;

/// <summary>Encrypts the JSON text of a credential's data for its row.</summary>
/// <remarks>
/// A build from before a type would take it for one that sends nothing, and send without it. So the types that came later are sealed for a purpose of their
/// own: such a build cannot open them, and its deliveries wait for one that can.
/// </remarks>
public sealed class CredentialProtector(IDataProtectionProvider provider, KeyRing ring) : RowProtector(provider, ring, "Dograh.Webhooks.Credentials.v1")
{
    private readonly LaterTypes _later = new(provider, ring);

    /// <summary>Encrypts the data of a credential of this type.</summary>
    public byte[] Protect(string credentialType, long organizationId, Guid uuid, string data) => For(credentialType).Protect(organizationId, uuid, data);

    /// <summary>Decrypts them.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">The key is lost or not the right one, or the bytes were changed.</exception>
    public string Unprotect(string credentialType, long organizationId, Guid uuid, byte[] encrypted) => For(credentialType).Unprotect(organizationId, uuid, encrypted);

    private RowProtector For(string credentialType) => credentialType is CredentialType.OAuthClientCredentials or CredentialType.Mtls ? _later : this;

    private sealed class LaterTypes(IDataProtectionProvider provider, KeyRing ring) : RowProtector(provider, ring, "Dograh.Webhooks.Credentials.v2");
}
