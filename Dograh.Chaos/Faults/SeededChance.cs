namespace Dograh.Chaos.Faults;

/// <summary>Chance that is the same every time, on every machine and runtime (SplitMix64).</summary>
/// <remarks><c>System.Random</c> with a seed promises that of one version of .NET only.</remarks>
internal sealed class SeededChance(int seed, int stream)
{
    private readonly Lock _lock = new();
    private ulong _state = ((ulong)(uint)seed << 32) ^ ((ulong)(uint)stream * 0x9E37_79B9_7F4A_7C15UL);

    /// <summary>At least 0 and below <paramref name="below"/>.</summary>
    public int Next(int below) => (int)(NextDouble() * below);

    /// <summary>At least 0 and below 1.</summary>
    public double NextDouble()
    {
        lock (_lock)
        {
            var z = _state += 0x9E37_79B9_7F4A_7C15UL;
            z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EBUL;
            return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
        }
    }

    /// <summary>The same in another order.</summary>
    public IReadOnlyList<T> Shuffle<T>(IReadOnlyList<T> items)
    {
        var shuffled = items.ToArray();
        for (var i = shuffled.Length - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (shuffled[i], shuffled[j]) = (shuffled[j], shuffled[i]);
        }

        return shuffled;
    }
}
