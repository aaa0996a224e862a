using System.Buffers;
using System.Security.Cryptography;

namespace Dograh.Webhooks.Signing;

/// <summary>Signs with HMAC-SHA256.</summary>
internal sealed class HmacKey(byte[] secret) : SigningKey
{
    private const string Prefix = "v1,";

    // What has to be together in memory to be hashed in one call, which leaves no garbage and no handle to be finalized.
    private const int MaxTogether = 64 * 1024;

    public override string Sign(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        Span<byte> signature = stackalloc byte[SHA256.HashSizeInBytes];
        if (head.Length + body.Length <= MaxTogether) HashTogether(head, body, signature);
        else HashInParts(head, body, signature);
        Span<char> text = stackalloc char[Prefix.Length + 44];
        Prefix.CopyTo(text);
        Convert.TryToBase64Chars(signature, text[Prefix.Length..], out _);
        return new string(text);
    }

    private void HashTogether(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, Span<byte> signature)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(head.Length + body.Length);
        head.CopyTo(buffer);
        body.CopyTo(buffer.AsSpan(head.Length));
        HMACSHA256.HashData(secret, buffer.AsSpan(0, head.Length + body.Length), signature);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private void HashInParts(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, Span<byte> signature)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hash.AppendData(head);
        hash.AppendData(body);
        hash.GetCurrentHash(signature);
    }
}
