using System.Globalization;
using Dograh.Webhooks.Rendering.Zones;

namespace Dograh.Webhooks.Rendering;

/// <summary>The names every template may use: <c>current_time</c>, <c>current_weekday</c>, and both with a time zone at the end.</summary>
internal static class BuiltInValues
{
    private const string Time = "current_time";
    private const string Weekday = "current_weekday";

    /// <summary>The value of a built-in name, or null if it is none: an unknown zone makes it a name like any other.</summary>
    /// <param name="path">The whole path.</param>
    /// <param name="now">The instant to tell.</param>
    /// <param name="template">The string it stands in: the plain names take the first zone named there, or else UTC.</param>
    public static string? Find(ReadOnlySpan<char> path, DateTimeOffset now, ReadOnlySpan<char> template)
    {
        if (!path.StartsWith("current_"))
            return null;

        bool isTime = path.StartsWith(Time);
        Zone? zone = null;
        if (path.SequenceEqual(Time) || path.SequenceEqual(Weekday))
            zone = ZoneDatabase.System.Find(PlaceholderScanner.FirstZoneName(template)) ?? Zone.Utc;
        else if (ZonePrefixLength(path) is var prefix && prefix > 0)
            zone = ZoneDatabase.System.Find(path[prefix..]);

        return zone is null ? null : Tell(zone, now, isTime);
    }

    /// <summary>How long <c>current_time_</c> or <c>current_weekday_</c> at the start of a text is, or 0.</summary>
    public static int ZonePrefixLength(ReadOnlySpan<char> text)
    {
        foreach (string name in (ReadOnlySpan<string>)[Time, Weekday])
        {
            if (text.StartsWith(name) && text[name.Length..].StartsWith('_'))
                return name.Length + 1;
        }

        return 0;
    }

    private static string Tell(Zone zone, DateTimeOffset now, bool isTime)
    {
        ZoneOffset offset = zone.At(now);
        long ticks = now.UtcTicks + offset.Seconds * TimeSpan.TicksPerSecond;
        var local = new DateTime(Math.Clamp(ticks, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks), DateTimeKind.Unspecified);
        return isTime
            ? local.ToString("yyyy-MM-dd HH:mm:ss ", CultureInfo.InvariantCulture) + offset.Abbreviation
            : local.ToString("dddd", CultureInfo.InvariantCulture);
    }
}
