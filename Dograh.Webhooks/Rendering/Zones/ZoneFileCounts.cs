using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Dograh.Webhooks.Rendering.Zones;

/// <summary>What the header of a zone file says about the body that follows.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ZoneFileCounts(int Version, int Isut, int Isstd, int Leap, int Times, int Types, int Chars)
{
    private const int MaxCount = 1 << 20;

    public static bool TryRead(ReadOnlySpan<byte> header, out ZoneFileCounts counts)
    {
        counts = default;
        if (header.Length < 44 || !header.StartsWith("TZif"u8))
            return false;

        Span<int> read = stackalloc int[6];
        for (int i = 0; i < read.Length; i++)
        {
            read[i] = BinaryPrimitives.ReadInt32BigEndian(header[(20 + i * 4)..]);
            if (read[i] is < 0 or > MaxCount)
                return false;
        }

        int version = header[4] == 0 ? 1 : header[4] - '0';
        counts = new ZoneFileCounts(version, read[0], read[1], read[2], read[3], read[4], read[5]);
        return true;
    }

    public long BodyBytes(int timeBytes) => (long)Times * (timeBytes + 1) + Types * 6L + Chars + (long)Leap * (timeBytes + 4) + Isstd + Isut;
}
