using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;

namespace Dograh.Webhooks.Credentials;

/// <summary>Encrypts a secret text for one row: what was sealed for another purpose, organization or row does not open here.</summary>
/// <param name="provider">Data Protection, with the key ring that every process shares.</param>
/// <param name="ring">That key ring.</param>
/// <param name="purpose">What the secrets are for: never to be changed once anything is sealed.</param>
public abstract class RowProtector(IDataProtectionProvider provider, KeyRing ring, string purpose)
{
    /// <summary>Encrypts a text.</summary>
    public byte[] Protect(long organizationId, Guid id, string text) =>
        For(organizationId, id).Protect(Encoding.UTF8.GetBytes(text));

    /// <summary>Decrypts it.</summary>
    /// <exception cref="CryptographicException">The key is lost or not the right one, or the bytes were changed.</exception>
    public string Unprotect(long organizationId, Guid id, byte[] encrypted)
    {
        try
        {
            return Encoding.UTF8.GetString(For(organizationId, id).Unprotect(encrypted));
        }
        catch (CryptographicException) when (ring.TryReloadFor(encrypted))
        {
            return Encoding.UTF8.GetString(For(organizationId, id).Unprotect(encrypted));
        }
    }

    private IDataProtector For(long organizationId, Guid id) =>
        provider.CreateProtector(purpose, organizationId.ToString(CultureInfo.InvariantCulture), id.ToString("D"));
}
