namespace Dograh.Webhooks.Rendering.Zones;

/// <summary>A yearly change of the clocks: a day of the year and a time of day, which may lie outside 0–24 h.</summary>
/// <param name="Form">How the day is told.</param>
/// <param name="Month">1–12; only with <see cref="ZoneDayForm.WeekdayOfMonth"/>.</param>
/// <param name="Week">1–5, where 5 is the last one of the month; only with <see cref="ZoneDayForm.WeekdayOfMonth"/>.</param>
/// <param name="Day">The weekday (0 is Sunday), or the day of the year.</param>
/// <param name="Seconds">Of local time, from midnight of that day.</param>
internal sealed record ZoneChange(ZoneDayForm Form, int Month, int Week, int Day, int Seconds)
{
    private const long SecondsPerDay = 86_400;

    /// <summary>The change in one year, as seconds of local time since 1970.</summary>
    public long InYear(int year)
    {
        var january = new DateOnly(year, 1, 1);
        int dayOfYear = Form switch
        {
            ZoneDayForm.LeaplessDayOfYear => Day - 1 + (Day >= 60 && DateTime.IsLeapYear(year) ? 1 : 0),
            ZoneDayForm.DayOfYear => Day,
            _ => DayOfMonth(year) - january.DayNumber,
        };

        return (january.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber + dayOfYear) * SecondsPerDay + Seconds;
    }

    private int DayOfMonth(int year)
    {
        var first = new DateOnly(year, Month, 1);
        int day = 1 + (Day - (int)first.DayOfWeek + 7) % 7 + (Week - 1) * 7;
        if (day > DateTime.DaysInMonth(year, Month))
            day -= 7;

        return first.DayNumber + day - 1;
    }
}

/// <summary>The three ways in which a POSIX rule tells a day.</summary>
internal enum ZoneDayForm
{
    /// <summary><c>Mm.w.d</c></summary>
    WeekdayOfMonth,

    /// <summary><c>Jn</c>: 1–365, 29 February never counted.</summary>
    LeaplessDayOfYear,

    /// <summary><c>n</c>: 0–365, 29 February counted.</summary>
    DayOfYear,
}
