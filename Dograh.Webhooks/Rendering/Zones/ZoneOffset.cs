namespace Dograh.Webhooks.Rendering.Zones;

/// <summary>A local time: how far it is ahead of UTC, and what it is called then (<c>CET</c>, <c>+03</c>).</summary>
internal readonly record struct ZoneOffset(int Seconds, string Abbreviation)
{
    public static ZoneOffset Utc { get; } = new(0, "UTC");
}
