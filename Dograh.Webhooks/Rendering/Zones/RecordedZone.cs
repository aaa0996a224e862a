namespace Dograh.Webhooks.Rendering.Zones;

/// <summary>A time zone's history and, past its last recorded transition, its rule.</summary>
/// <param name="transitions">Unix times, ascending, from each of which on the local time of the same index in <paramref name="after"/> holds.</param>
/// <param name="after">As many as <paramref name="transitions"/>.</param>
/// <param name="before">The local time before the first transition.</param>
/// <param name="rule">What holds after the last transition.</param>
internal sealed class RecordedZone(long[] transitions, ZoneOffset[] after, ZoneOffset before, ZoneRule rule) : Zone
{
    /// <inheritdoc/>
    public override ZoneOffset At(DateTimeOffset instant)
    {
        long unixTime = instant.ToUnixTimeSeconds();
        if (transitions.Length == 0 || unixTime > transitions[^1])
            return rule.At(unixTime, instant.UtcDateTime.Year);

        int index = Array.BinarySearch(transitions, unixTime);
        if (index < 0)
            index = ~index - 1;
        return index < 0 ? before : after[index];
    }
}
