using System.Buffers.Binary;
using System.Text;

namespace Dograh.Webhooks.Rendering.Zones;

/// <summary>Reads a compiled zone of the tz database (TZif, RFC 9636), which unlike <see cref="TimeZoneInfo"/> also tells abbreviations.</summary>
/// <remarks>
/// <code>
/// header (44 bytes): "TZif", version, 15 unused, then six counts: isut, isstd, leap, time, type, char
/// body, with times of 4 bytes in the first and of 8 in the second:
///   time × transition time, time × type index (1 byte), type × (offset 4, is summer 1, abbreviation index 1), char bytes of
///   abbreviations ending in NUL, leap × (time + 4), isstd × 1, isut × 1
/// </code>
/// From version 2 on a second header and body follow, which alone count, and a POSIX rule between two newlines.
/// Leap seconds are left out, as everywhere else.
/// </remarks>
internal static class ZoneFile
{
    private const int HeaderBytes = 44;

    /// <summary>The zone, or null if the bytes are no sound zone file.</summary>
    public static Zone? Read(ReadOnlySpan<byte> file)
    {
        if (!ZoneFileCounts.TryRead(file, out ZoneFileCounts counts))
            return null;
        if (counts.Version < 2)
            return ReadBody(file[HeaderBytes..], counts, timeBytes: 4);

        int firstBody = HeaderBytes + (int)Math.Min(counts.BodyBytes(timeBytes: 4), int.MaxValue - HeaderBytes);
        if (firstBody > file.Length || !ZoneFileCounts.TryRead(file[firstBody..], out counts))
            return null;

        return ReadBody(file[(firstBody + HeaderBytes)..], counts, timeBytes: 8);
    }

    private static RecordedZone? ReadBody(ReadOnlySpan<byte> body, ZoneFileCounts counts, int timeBytes)
    {
        if (counts.Types == 0 || counts.BodyBytes(timeBytes) > body.Length)
            return null;

        ReadOnlySpan<byte> times = body[..(counts.Times * timeBytes)];
        ReadOnlySpan<byte> typeOfTime = body.Slice(times.Length, counts.Times);
        ReadOnlySpan<byte> types = body.Slice(times.Length + typeOfTime.Length, counts.Types * 6);
        ReadOnlySpan<byte> names = body.Slice(times.Length + typeOfTime.Length + types.Length, counts.Chars);
        if (ReadTypes(types, names) is not { } offsets)
            return null;

        var transitions = new long[counts.Times];
        var after = new ZoneOffset[counts.Times];
        for (int i = 0; i < counts.Times; i++)
        {
            ReadOnlySpan<byte> time = times[(i * timeBytes)..];
            transitions[i] = timeBytes == 8 ? BinaryPrimitives.ReadInt64BigEndian(time) : BinaryPrimitives.ReadInt32BigEndian(time);
            if (typeOfTime[i] >= offsets.Length || (i > 0 && transitions[i] <= transitions[i - 1]))
                return null;

            after[i] = offsets[typeOfTime[i]];
        }

        var last = new ZoneRule(after.Length > 0 ? after[^1] : offsets[^1]);
        ZoneRule? rule = timeBytes == 8 ? ReadRule(body[(int)counts.BodyBytes(timeBytes)..], last) : last;
        return rule is null ? null : new RecordedZone(transitions, after, Before(types, offsets, after), rule);
    }

    private static ZoneOffset[]? ReadTypes(ReadOnlySpan<byte> types, ReadOnlySpan<byte> names)
    {
        var offsets = new ZoneOffset[types.Length / 6];
        for (int i = 0; i < offsets.Length; i++)
        {
            ReadOnlySpan<byte> type = types.Slice(i * 6, 6);
            int start = type[5];
            int length = start < names.Length ? names[start..].IndexOf((byte)0) : -1;
            if (length < 0)
                return null;

            // Abbreviations share letters: "HST" may be the end of "AHST".
            offsets[i] = new ZoneOffset(BinaryPrimitives.ReadInt32BigEndian(type), Encoding.ASCII.GetString(names.Slice(start, length)));
        }

        return offsets;
    }

    // The first standard time listed, which is the local mean time of nearly every zone.
    private static ZoneOffset Before(ReadOnlySpan<byte> types, ZoneOffset[] offsets, ZoneOffset[] after)
    {
        for (int i = 0; i < offsets.Length; i++)
        {
            if (types[i * 6 + 4] == 0)
                return offsets[i];
        }

        return after.Length > 0 ? after[0] : offsets[0];
    }

    private static ZoneRule? ReadRule(ReadOnlySpan<byte> footer, ZoneRule ifEmpty)
    {
        if (!footer.StartsWith("\n"u8) || footer[1..].IndexOf((byte)'\n') is var length && length < 0)
            return null;

        return length == 0 ? ifEmpty : PosixRuleReader.Read(Encoding.ASCII.GetString(footer.Slice(1, length)));
    }
}
