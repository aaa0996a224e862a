using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Dograh.Webhooks.Organizations;

/// <summary>Making and hashing API keys.</summary>
/// <remarks>A key holds 256 random bits, so a plain SHA-256 is enough: there is nothing to guess that salting or stretching would slow.</remarks>
public static class ApiKeySecret
{
    private const string Scheme = "dgk_";
    private const int RandomBytes = 32;
    private const int PrefixLength = 12;

    /// <summary>Makes a new key, <c>dgk_</c> and 43 URL-safe characters.</summary>
    public static string Create() => Scheme + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>The part of a key that may be stored and shown: its first 12 characters (48 of its 256 random bits).</summary>
    public static string PrefixOf(string key) => key[..Math.Min(PrefixLength, key.Length)];

    /// <summary>What is stored in place of the key.</summary>
    public static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
