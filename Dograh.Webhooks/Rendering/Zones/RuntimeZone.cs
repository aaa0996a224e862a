using System.Globalization;

namespace Dograh.Webhooks.Rendering.Zones;

/// <summary>A time zone of which the runtime knows the offset only, called by that offset as nameless zones are: <c>+02</c>, <c>-0330</c>.</summary>
internal sealed class RuntimeZone(TimeZoneInfo info) : Zone
{
    /// <inheritdoc/>
    public override ZoneOffset At(DateTimeOffset instant)
    {
        TimeSpan offset = info.GetUtcOffset(instant);
        string format = offset.Minutes == 0 ? "hh" : "hhmm";
        return new ZoneOffset((int)offset.TotalSeconds, (offset < TimeSpan.Zero ? "-" : "+") + offset.ToString(format, CultureInfo.InvariantCulture));
    }
}
