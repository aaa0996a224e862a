using System.Buffers;
using NSec.Cryptography;

namespace Dograh.Webhooks.Signing;

/// <summary>Signs with Ed25519.</summary>
internal sealed class Ed25519Key(byte[] privateKey) : SigningKey
{
    private readonly Key _key = Key.Import(SignatureAlgorithm.Ed25519, privateKey, KeyBlobFormat.RawPrivateKey);

    /// <summary>Makes a pair of keys, as texts.</summary>
    public static (string PrivateKey, string PublicKey) CreatePair()
    {
        using var key = Key.Create(SignatureAlgorithm.Ed25519, new KeyCreationParameters { ExportPolicy = KeyExportPolicies.AllowPlaintextExport });
        return (SigningSecretText.Write(SigningSecretText.PrivateKeyPrefix, key.Export(KeyBlobFormat.RawPrivateKey)),
            SigningSecretText.Write(SigningSecretText.PublicKeyPrefix, key.Export(KeyBlobFormat.RawPublicKey)));
    }

    // Ed25519 reads its message twice, so it takes none in parts.
    public override string Sign(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        var length = head.Length + body.Length;
        var message = ArrayPool<byte>.Shared.Rent(length);
        head.CopyTo(message);
        body.CopyTo(message.AsSpan(head.Length));
        Span<byte> signature = stackalloc byte[SignatureAlgorithm.Ed25519.SignatureSize];
        SignatureAlgorithm.Ed25519.Sign(_key, message.AsSpan(0, length), signature);
        ArrayPool<byte>.Shared.Return(message);
        return "v1a," + Convert.ToBase64String(signature);
    }
}
