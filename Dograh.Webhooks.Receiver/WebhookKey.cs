using System.Security.Cryptography;
using NSec.Cryptography;
using HashAlgorithmName = System.Security.Cryptography.HashAlgorithmName;
using IncrementalHash = System.Security.Cryptography.IncrementalHash;

namespace Dograh.Webhooks.Receiver;

/// <summary>A secret or public key that a signature is held against.</summary>
internal abstract class WebhookKey
{
    private const string SecretPrefix = "whsec_";
    private const string PublicKeyPrefix = "whpk_";

    /// <summary>What the key's signatures begin with.</summary>
    public abstract string Version { get; }

    /// <summary>Reads a key.</summary>
    /// <exception cref="FormatException">It is none; the message never quotes it.</exception>
    public static WebhookKey Parse(string text)
    {
        if (text.StartsWith(SecretPrefix, StringComparison.Ordinal)) return new SharedSecret(Decode(text[SecretPrefix.Length..]));
        if (text.StartsWith(PublicKeyPrefix, StringComparison.Ordinal)) return new PublicKeyOfSender(Decode(text[PublicKeyPrefix.Length..]));
        throw new FormatException($"A webhook secret begins with {SecretPrefix}, a public key with {PublicKeyPrefix}.");
    }

    /// <summary>Begins to verify: what is common to all signatures of a message.</summary>
    public abstract Func<byte[], bool> Against(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body);

    private static byte[] Decode(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) && length > 0
            ? bytes[..length]
            : throw new FormatException("A webhook secret is not base64 after its prefix.");
    }

    private sealed class SharedSecret(byte[] secret) : WebhookKey
    {
        public override string Version => "v1";

        public override Func<byte[], bool> Against(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body)
        {
            using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
            hash.AppendData(head.Span);
            hash.AppendData(body.Span);
            var expected = hash.GetHashAndReset();
            return signature => CryptographicOperations.FixedTimeEquals(expected, signature);
        }
    }

    private sealed class PublicKeyOfSender : WebhookKey
    {
        private readonly PublicKey _key;

        public PublicKeyOfSender(byte[] bytes) =>
            _key = PublicKey.TryImport(SignatureAlgorithm.Ed25519, bytes, KeyBlobFormat.RawPublicKey, out var key)
                ? key!
                : throw new FormatException("A webhook public key is not one of Ed25519.");

        public override string Version => "v1a";

        public override Func<byte[], bool> Against(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body)
        {
            byte[] message = [.. head.Span, .. body.Span];
            return signature => SignatureAlgorithm.Ed25519.Verify(_key, message, signature);
        }
    }
}
