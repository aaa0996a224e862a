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
        var sealedBytes = new byte[MasterKeySeal.NonceBytes + MasterKeySeal.TagBytes + plaintext.Length];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, MasterKeySeal.NonceBytes));
        using var aes = new AesGcm(masterKey, MasterKeySeal.TagBytes);
        aes.Encrypt(
            sealedBytes.AsSpan(0, MasterKeySeal.NonceBytes), plaintext,
            sealedBytes.AsSpan(MasterKeySeal.NonceBytes + MasterKeySeal.TagBytes), sealedBytes.AsSpan(MasterKeySeal.NonceBytes, MasterKeySeal.TagBytes));
        return new EncryptedXmlInfo(new XElement(MasterKeySeal.Element, Convert.ToBase64String(sealedBytes)), typeof(MasterKeyXmlDecryptor));
    }
}

/// <summary>Unwraps them. Data Protection makes it from the type's name in the key ring, with the services as its only argument.</summary>
internal sealed class MasterKeyXmlDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
    {
        var masterKey = services.GetRequiredService<IOptions<SecretsOptions>>().Value.DecodeMasterKey();
        var sealedBytes = Convert.FromBase64String(encryptedElement.Value);
        var plaintext = new byte[sealedBytes.Length - MasterKeySeal.NonceBytes - MasterKeySeal.TagBytes];
        using var aes = new AesGcm(masterKey, MasterKeySeal.TagBytes);
        try
        {
            aes.Decrypt(
                sealedBytes.AsSpan(0, MasterKeySeal.NonceBytes), sealedBytes.AsSpan(MasterKeySeal.NonceBytes + MasterKeySeal.TagBytes),
                sealedBytes.AsSpan(MasterKeySeal.NonceBytes, MasterKeySeal.TagBytes), plaintext);
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new CryptographicException(
                "The master key (Secrets:MasterKey) is not the one that the key ring in the database was made with. Give that one back.", e);
        }

        return XElement.Parse(Encoding.UTF8.GetString(plaintext));
    }
}

/// <summary>The layout of a wrapped key: nonce, tag, ciphertext.</summary>
internal static class MasterKeySeal
{
    public const string Element = "masterKeySealed";
    public const int NonceBytes = 12;
    public const int TagBytes = 16;
}
