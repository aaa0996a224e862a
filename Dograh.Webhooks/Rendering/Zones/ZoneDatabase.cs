using System.Buffers;
using System.Collections.Concurrent;

namespace Dograh.Webhooks.Rendering.Zones;

/// <summary>Finds time zones by their IANA names (<c>Europe/Paris</c>) in the system's tz database.</summary>
/// <remarks>
/// Names come from templates, that is from anyone, and become file names: only segments of letters, digits, <c>_</c>, <c>+</c> and <c>-</c>
/// joined by single slashes are names at all, so no name leads out of the database. Zones are read once and kept; unknown names are not
/// kept, for there is no end of them.
/// </remarks>
internal sealed class ZoneDatabase
{
    private const int MaxNameLength = 64;
    private const int MaxFileBytes = 1 << 20;

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/");

    private readonly ConcurrentDictionary<string, Zone> zones = new(StringComparer.Ordinal) { ["UTC"] = Zone.Utc };
    private readonly string[] folders;

    /// <summary>A database in the first of some folders that holds the zone asked for.</summary>
    public ZoneDatabase(params string[] candidateFolders) => folders = [.. candidateFolders.Where(Directory.Exists)];

    /// <summary>The system's.</summary>
    public static ZoneDatabase System { get; } =
        new("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo");

    /// <summary>The zone of that name, upper and lower case told apart, or null.</summary>
    public Zone? Find(ReadOnlySpan<char> name)
    {
        if (zones.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out Zone? known))
            return known;
        if (!IsName(name))
            return null;

        string key = name.ToString();
        Zone? zone = folders.Length > 0 ? Load(key) : FromRuntime(key);
        return zone is null ? null : zones.GetOrAdd(key, zone);
    }

    private static bool IsName(ReadOnlySpan<char> name) =>
        name.Length is > 0 and <= MaxNameLength && !name.ContainsAnyExcept(NameCharacters) && name[0] != '/' && name[^1] != '/' && !name.Contains("//", StringComparison.Ordinal);

    private Zone? Load(string name)
    {
        foreach (string folder in folders)
        {
            try
            {
                var file = new FileInfo(Path.Combine(folder, name));
                if (file.Exists && file.Length <= MaxFileBytes && ZoneFile.Read(File.ReadAllBytes(file.FullName)) is { } zone)
                    return zone;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // A zone that cannot be read is one that is not known.
            }
        }

        return null;
    }

    // Without a tz database (a bare container image) the runtime may still know zones, but only their offsets: those are the names then.
    private static RuntimeZone? FromRuntime(string name) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? info) && info.HasIanaId && info.Id == name ? new RuntimeZone(info) : null;
}
