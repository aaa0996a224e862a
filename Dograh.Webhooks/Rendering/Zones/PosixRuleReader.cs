using System.Globalization;

namespace Dograh.Webhooks.Rendering.Zones;

/// <summary>Reads the rule at the end of a zone file: <c>CET-1CEST,M3.5.0,M10.5.0/3</c>, <c>&lt;+0330&gt;-3:30</c>.</summary>
/// <remarks>POSIX.1-2024 section 8.3, TZ, with the hours of a change from -167 to 167 as RFC 9636 section 3.3.1 has it.</remarks>
internal ref struct PosixRuleReader
{
    private ReadOnlySpan<char> rest;

    private PosixRuleReader(ReadOnlySpan<char> text) => rest = text;

    /// <summary>The rule, or null if the text is none.</summary>
    public static ZoneRule? Read(ReadOnlySpan<char> text)
    {
        var reader = new PosixRuleReader(text);
        ZoneRule? rule = reader.ReadRule();
        return reader.rest.IsEmpty ? rule : null;
    }

    private ZoneRule? ReadRule()
    {
        if (ReadName() is not { } standardName || ReadTime(maxHours: 24) is not { } behindUtc)
            return null;

        var standard = new ZoneOffset(-behindUtc, standardName); // POSIX counts west of Greenwich as positive
        if (rest.IsEmpty)
            return new ZoneRule(standard);

        if (ReadName() is not { } summerName)
            return null;

        int summerSeconds = standard.Seconds + 3600;
        if (!rest.StartsWith(','))
        {
            if (ReadTime(maxHours: 24) is not { } summerBehindUtc)
                return null;

            summerSeconds = -summerBehindUtc;
        }

        if (!Skip(',') || ReadChange() is not { } begins || !Skip(',') || ReadChange() is not { } ends)
            return null;

        return new ZoneRule(standard) { Summer = new ZoneSummer(new ZoneOffset(summerSeconds, summerName), begins, ends) };
    }

    private string? ReadName()
    {
        bool quoted = Skip('<');
        int length = 0;
        while (length < rest.Length && (char.IsAsciiLetter(rest[length]) || (quoted && (char.IsAsciiDigit(rest[length]) || rest[length] is '+' or '-'))))
            length++;
        string name = rest[..length].ToString();
        rest = rest[length..];
        return name.Length > 0 && (!quoted || Skip('>')) ? name : null;
    }

    private ZoneChange? ReadChange()
    {
        var change = new ZoneChange(ZoneDayForm.DayOfYear, Month: 0, Week: 0, Day: 0, Seconds: 2 * 3600);
        if (Skip('M'))
        {
            if (ReadNumber(1, 12) is not { } month || !Skip('.') || ReadNumber(1, 5) is not { } week || !Skip('.') || ReadNumber(0, 6) is not { } day)
                return null;

            change = change with { Form = ZoneDayForm.WeekdayOfMonth, Month = month, Week = week, Day = day };
        }
        else
        {
            bool leapless = Skip('J');
            if (ReadNumber(leapless ? 1 : 0, 365) is not { } day)
                return null;

            change = change with { Form = leapless ? ZoneDayForm.LeaplessDayOfYear : ZoneDayForm.DayOfYear, Day = day };
        }

        if (!Skip('/'))
            return change;

        return ReadTime(maxHours: 167) is { } seconds ? change with { Seconds = seconds } : null;
    }

    private int? ReadTime(int maxHours)
    {
        bool negative = Skip('-');
        if (!negative)
            Skip('+');
        if (ReadNumber(0, maxHours) is not { } hours)
            return null;

        int seconds = hours * 3600;
        for (int unit = 60; unit > 0 && Skip(':'); unit /= 60)
        {
            if (ReadNumber(0, 59) is not { } count)
                return null;

            seconds += count * unit;
        }

        return negative ? -seconds : seconds;
    }

    private int? ReadNumber(int min, int max)
    {
        int length = 0;
        while (length < rest.Length && length < 3 && char.IsAsciiDigit(rest[length]))
            length++;
        if (length == 0)
            return null;

        int number = int.Parse(rest[..length], CultureInfo.InvariantCulture);
        rest = rest[length..];
        return number >= min && number <= max ? number : null;
    }

    private bool Skip(char c)
    {
        if (!rest.StartsWith(c))
            return false;

        rest = rest[1..];
        return true;
    }
}
