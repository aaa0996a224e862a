using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.DataProtection;

namespace Dograh.Webhooks.Credentials;

/// <summary>Encrypts a credential's data for one row: another organization's or another credential's ciphertext does not open here.</summary>
public sealed class CredentialProtector(IDataProtectionProvider provider)
{
    private const string Purpose = "Dograh.Webhooks.Credentials.v1";

    /// <summary>Encrypts the data's JSON text.</summary>
    public byte[] Protect(long organizationId, Guid uuid, string json) =>
        For(organizationId, uuid).Protect(Encoding.UTF8.GetBytes(json));

    /// <summary>Decrypts it.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">The key is lost or not the right one, or the bytes were changed.</exception>
    public string Unprotect(long organizationId, Guid uuid, byte[] encrypted) =>
        Encoding.UTF8.GetString(For(organizationId, uuid).Unprotect(encrypted));

    private IDataProtector For(long organizationId, Guid uuid) =>
        provider.CreateProtector(Purpose, organizationId.ToString(CultureInfo.InvariantCulture), uuid.ToString("D"));
}
