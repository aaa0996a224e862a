namespace Dograh.Webhooks.Rendering.Zones;

/// <summary>What holds from the last recorded transition on: one local time, or standard and summer time by turns.</summary>
internal sealed record ZoneRule(ZoneOffset Standard)
{
    /// <summary>Summer time and when it begins and ends, or null where the clocks are never changed.</summary>
    public ZoneSummer? Summer { get; init; }

    public ZoneOffset At(long unixTime, int year)
    {
        if (Summer is not { } summer)
            return Standard;

        // Each change is told in the local time that it ends. South of the equator summer ends before it begins.
        long begins = summer.Begins.InYear(year) - Standard.Seconds;
        long ends = summer.Ends.InYear(year) - summer.Offset.Seconds;
        bool isSummer = begins < ends ? begins <= unixTime && unixTime < ends : unixTime < ends || begins <= unixTime;
        return isSummer ? summer.Offset : Standard;
    }
}

/// <summary>Summer time: its offset, and the local times of the two changes.</summary>
internal sealed record ZoneSummer(ZoneOffset Offset, ZoneChange Begins, ZoneChange Ends);
