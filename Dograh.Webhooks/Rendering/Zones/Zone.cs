namespace Dograh.Webhooks.Rendering.Zones;

/// <summary>A time zone.</summary>
internal abstract class Zone
{
    public static Zone Utc { get; } = new RecordedZone([], [], ZoneOffset.Utc, new ZoneRule(ZoneOffset.Utc));

    /// <summary>The local time that holds at an instant.</summary>
    public abstract ZoneOffset At(DateTimeOffset instant);
}
