using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection.KeyManagement;

namespace Dograh.Webhooks.Credentials;

/// <summary>Keeps a process with another master key from sealing what no other process could open.</summary>
/// <remarks>
/// Data Protection adds a key of its own to a ring that it cannot open, and seals with that. The ring's oldest key tells: whoever made it has the right master key.
/// </remarks>
public sealed class KeyRingCheck(IKeyManager keys)
{
    /// <summary>Throws where this process's master key is not the ring's.</summary>
    /// <exception cref="CryptographicException">It is not, or the ring cannot be read just now.</exception>
    public void ThrowIfForeign()
    {
        var oldest = keys.GetAllKeys().Where(key => !key.IsRevoked).MinBy(key => key.CreationDate);
        try
        {
            oldest?.CreateEncryptor();
        }
        catch (Exception e)
        {
            throw new CryptographicException("The key ring's oldest key cannot be opened, so nothing is sealed. Is the master key (Secrets:MasterKey) the right one?", e);
        }
    }
}
