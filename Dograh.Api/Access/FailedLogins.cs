using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Access;

/// <summary>How many keys that do not work an address may try: so many at once, and then as many a minute.</summary>
/// <remarks>
/// A try is taken before the key is looked up and given back if it works, so that only failures count, and an address that has none left costs the database nothing. A
/// key that is not known here and works nevertheless may have to wait its turn there: one of the tries that come back by and by lets it in, and from then on it is known.
/// System.Threading.RateLimiting has no limit whose permits can be given back.
/// </remarks>
internal sealed class FailedLogins(IOptions<ApiOptions> options, TimeProvider time)
{
    // Whoever has more addresses than that is not stopped by counting addresses.
    private const int MaxTracked = 10_000;

    // What one customer of a provider has of IPv6, at the least.
    private const int NetworkBytes = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, Failures> _failures = [];

    /// <summary>How many addresses are counted.</summary>
    public int Tracked
    {
        get
        {
            lock (_lock) return _failures.Count;
        }
    }

    private double Limit => options.Value.FailedLoginsPerMinutePerAddress;

    /// <summary>Takes a try.</summary>
    /// <returns>Null if there was one; else how long it takes until there is.</returns>
    public TimeSpan? Take(IPAddress? address)
    {
        if (Limit == 0) return null;
        var key = KeyOf(address);
        lock (_lock)
        {
            var failures = Find(key);
            if (failures.Count + 1 > Limit) return TimeSpan.FromMinutes((failures.Count + 1 - Limit) / Limit);
            if (_failures.Count >= MaxTracked && !_failures.ContainsKey(key)) MakeRoom();
            _failures[key] = failures with { Count = failures.Count + 1 };
            return null;
        }
    }

    /// <summary>Gives a try back: the key works.</summary>
    public void GiveBack(IPAddress? address)
    {
        if (Limit == 0) return;
        var key = KeyOf(address);
        lock (_lock)
        {
            var failures = Find(key);
            if (failures.Count <= 1) _failures.Remove(key);
            else _failures[key] = failures with { Count = failures.Count - 1 };
        }
    }

    private Failures Find(UInt128 key)
    {
        var now = time.GetTimestamp();
        return _failures.TryGetValue(key, out var failures) ? new Failures(Left(failures, now), now) : new Failures(0, now);
    }

    private double Left(Failures failures, long now) => Math.Max(0, failures.Count - (time.GetElapsedTime(failures.At, now).TotalMinutes * Limit));

    private void MakeRoom()
    {
        var now = time.GetTimestamp();
        foreach (var (key, _) in _failures.Where(pair => Left(pair.Value, now) == 0).ToList()) _failures.Remove(key);
        if (_failures.Count >= MaxTracked) _failures.Clear();
    }

    private static UInt128 KeyOf(IPAddress? address)
    {
        if (address is null) return 0;
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        plain.TryWriteBytes(bytes, out _);
        if (plain.AddressFamily == AddressFamily.InterNetworkV6) bytes[NetworkBytes..].Clear();
        // Apart from the networks whose first bytes are the same.
        else bytes[^1] = 4;
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private readonly record struct Failures(double Count, long At);
}

/// <summary>Says of a request that its key was not looked up, for its address has tried too many that do not work.</summary>
/// <param name="RetryAfter">When it may be tried.</param>
internal sealed record TooManyFailures(TimeSpan RetryAfter);
