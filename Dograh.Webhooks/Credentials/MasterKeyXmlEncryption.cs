using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Credentials;

/// <summary>Wraps the key ring's keys with the master key (AES-256-GCM), so that a dump of the database holds nothing that opens a credential.</summary>
internal sealed class MasterKeyXmlEncryptor(byte[] masterKey) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var plaintext = Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        var sealedBytes = MasterKeySeal.Seal(plaintext, masterKey);
        return new EncryptedXmlInfo(new XElement(MasterKeySeal.Element, Convert.ToBase64String(sealedBytes)), typeof(MasterKeyXmlDecryptor));
    }
}

/// <summary>Unwraps them. Data Protection makes it from the type's name in the key ring, with the services as its only argument.</summary>
internal sealed class MasterKeyXmlDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
    {
        var secrets = services.GetRequiredService<IOptions<SecretsOptions>>().Value;
        var sealedBytes = Convert.FromBase64String(encryptedElement.Value);
        foreach (var key in secrets.DecodePreviousMasterKeys().Prepend(secrets.DecodeMasterKey()))
        {
            if (MasterKeySeal.TryOpen(sealedBytes, key) is { } plaintext) return XElement.Parse(Encoding.UTF8.GetString(plaintext));
        }

        throw new CryptographicException(
            "The master key (Secrets:MasterKey) is not the one that the key ring in the database was made with. Give that one back, here or as one of Secrets:PreviousMasterKeys.");
    }
}

/// <summary>The layout of a wrapped key: nonce, tag, ciphertext.</summary>
internal static class MasterKeySeal
{
    public const string Element = "masterKeySealed";
    public const int NonceBytes = 12;
    public const int TagBytes = 16;

    /// <summary>Wraps with a key.</summary>
    public static byte[] Seal(byte[] plaintext, byte[] masterKey)
    {
        var sealedBytes = new byte[NonceBytes + TagBytes + plaintext.Length];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(masterKey, TagBytes);
        aes.Encrypt(sealedBytes.AsSpan(0, NonceBytes), plaintext, sealedBytes.AsSpan(NonceBytes + TagBytes), sealedBytes.AsSpan(NonceBytes, TagBytes));
        return sealedBytes;
    }

    /// <summary>Unwraps with a key; null if another one has wrapped it.</summary>
    public static byte[]? TryOpen(byte[] sealedBytes, byte[] masterKey)
    {
        if (sealedBytes.Length < NonceBytes + TagBytes) return null;
        var plaintext = new byte[sealedBytes.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(masterKey, TagBytes);
        try
        {
            aes.Decrypt(sealedBytes.AsSpan(0, NonceBytes), sealedBytes.AsSpan(NonceBytes + TagBytes), sealedBytes.AsSpan(NonceBytes, TagBytes), plaintext);
            return plaintext;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
