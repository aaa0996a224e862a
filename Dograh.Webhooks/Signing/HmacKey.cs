using System.Security.Cryptography;

namespace Dograh.Webhooks.Signing;

/// <summary>Signs with HMAC-SHA256.</summary>
internal sealed class HmacKey(byte[] secret) : SigningKey
{
    public override string Sign(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hash.AppendData(head);
        hash.AppendData(body);
        Span<byte> signature = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetCurrentHash(signature);
        return "v1," + Convert.ToBase64String(signature);
    }
}
