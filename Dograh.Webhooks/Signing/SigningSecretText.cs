using System.Security.Cryptography;

namespace Dograh.Webhooks.Signing;

/// <summary>Secrets and keys as Standard Webhooks writes them: a prefix that says what it is, and base64.</summary>
public static class SigningSecretText
{
    /// <summary>Begins a secret that both sides have.</summary>
    public const string SecretPrefix = "whsec_";

    /// <summary>Begins a private key; it is stored so, and never leaves.</summary>
    public const string PrivateKeyPrefix = "whsk_";

    /// <summary>Begins a public key.</summary>
    public const string PublicKeyPrefix = "whpk_";

    private const int SecretBytes = 32;
    private const int MinSecretBytes = 24;
    private const int MaxSecretBytes = 64;

    // 24 bits: enough to tell secrets apart, and of no use for guessing the others.
    private const int ShownCharacters = 4;

    /// <summary>Makes a secret of 32 random bytes.</summary>
    public static string CreateSecret() => Write(SecretPrefix, RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>Writes bytes with their prefix.</summary>
    public static string Write(string prefix, ReadOnlySpan<byte> bytes) => prefix + Convert.ToBase64String(bytes);

    /// <summary>Reads the bytes of a text that has the prefix.</summary>
    /// <exception cref="FormatException">It has not, or is not base64; the message never quotes it.</exception>
    public static byte[] Read(string prefix, string text) =>
        text.StartsWith(prefix, StringComparison.Ordinal) ? Convert.FromBase64String(text[prefix.Length..]) : throw new FormatException($"The text does not begin with {prefix}.");

    /// <summary>What is wrong with a secret that its owner brings; null if it is fine. Never quotes it.</summary>
    public static string? FindFault(string text)
    {
        var bytes = new byte[MaxSecretBytes + 3];
        return text.StartsWith(SecretPrefix, StringComparison.Ordinal)
            && Convert.TryFromBase64String(text[SecretPrefix.Length..], bytes, out var length) && length is >= MinSecretBytes and <= MaxSecretBytes
            ? null
            : $"must be {SecretPrefix} and the base64 of {MinSecretBytes} to {MaxSecretBytes} bytes";
    }

    /// <summary>The beginning of a secret or public key, which may be stored and shown.</summary>
    public static string Mask(string text) => text[..(text.IndexOf('_', StringComparison.Ordinal) + 1 + ShownCharacters)] + "…";
}
