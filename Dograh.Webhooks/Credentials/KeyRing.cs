using System.Buffers.Binary;
using Microsoft.AspNetCore.DataProtection.KeyManagement.Internal;

namespace Dograh.Webhooks.Credentials;

/// <summary>The Data Protection keys as this process last read them from PostgreSQL.</summary>
/// <remarks>
/// Data Protection reads them once a day, and takes for granted that a new key is not used before everybody has read it. A re-encryption uses it at once:
/// so whoever meets a key that it does not know reads the ring anew.
/// </remarks>
/// <param name="load">Makes a ring that is read from the beginning.</param>
/// <param name="time">The clock.</param>
public sealed class KeyRing(Func<IKeyRingProvider> load, TimeProvider time) : IKeyRingProvider
{
    // Before what Data Protection protects: this number, and the id of the key.
    private const uint Magic = 0x09F0C9F0;
    private const int IdAt = 4;
    private const int HeadBytes = IdAt + 16;

    // What nobody's key has sealed must not have the ring read for every batch.
    private static readonly TimeSpan ReloadInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private IKeyRingProvider _current = load();
    private long? _reloadedAt;

    /// <inheritdoc />
    public IKeyRing GetCurrentKeyRing() => Volatile.Read(ref _current).GetCurrentKeyRing();

    /// <summary>The key that sealed a text; null if nothing of ours has.</summary>
    public static Guid? KeyOf(ReadOnlySpan<byte> encrypted) =>
        encrypted.Length >= HeadBytes && BinaryPrimitives.ReadUInt32BigEndian(encrypted) == Magic ? new Guid(encrypted[IdAt..HeadBytes]) : null;

    /// <summary>The key that seals now.</summary>
    public Guid CurrentKey => GetCurrentKeyRing().DefaultKeyId;

    /// <summary>Reads the ring anew.</summary>
    public void Reload() => Volatile.Write(ref _current, load());

    /// <summary>Reads the ring anew if a text was sealed by a key that is not in it, unless that was done just now.</summary>
    /// <returns>Whether it is worth trying again.</returns>
    internal bool TryReloadFor(byte[] encrypted)
    {
        if (KeyOf(encrypted) is not { } key) return false;
        lock (_lock)
        {
            if (GetCurrentKeyRing().GetAuthenticatedEncryptorByKeyId(key, out _) is not null) return false;
            if (_reloadedAt is { } at && time.GetElapsedTime(at) < ReloadInterval) return false;
            _reloadedAt = time.GetTimestamp();
            Reload();
            return true;
        }
    }
}
