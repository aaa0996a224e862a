using System.Buffers;

namespace Dograh.Webhooks.Rendering;

/// <summary>Finds the placeholders of a template, from left to right, none inside another.</summary>
/// <remarks>
/// It finds exactly what this pattern matches, in time linear in the template whatever is in it (the pattern itself takes quadratic time
/// over <c>{{{{…</c>):
/// <code>\{\{\s*([^|\s}]+)(?:\s*\|\s*([^:}]+)(?::([^}]+))?)?\s*\}\}</code>
/// Each part's characters exclude what may follow it, so each part has one possible end and there is nothing to backtrack over, with one
/// exception: a filter needs a character, and takes the last white space before it if there is no other (<c>{{a | }}</c>).
/// The ends of filters and arguments are remembered: of many unfinished placeholders each would else look for the same brace again.
/// </remarks>
internal ref struct PlaceholderScanner
{
    private static readonly SearchValues<char> EndsPath = SearchValues.Create(
        ['|', '}', .. Enumerable.Range(0, char.MaxValue).Select(c => (char)c).Where(WhiteSpace.Is)]);

    private static readonly SearchValues<char> EndsFilter = SearchValues.Create(":}");
    private static readonly SearchValues<char> EndsArgument = SearchValues.Create("}");

    private readonly ReadOnlySpan<char> text;
    private int next;
    private int filterEnd = -1;
    private int argumentEnd = -1;

    public PlaceholderScanner(ReadOnlySpan<char> text) => this.text = text;

    /// <summary>How many characters were looked at so far, some twice; a measure of work that does not depend on the machine.</summary>
    public long Steps { get; private set; }

    public bool MoveNext(out Placeholder placeholder)
    {
        placeholder = default;
        for (int start; (start = FindOpening()) >= 0;)
        {
            int pathStart = SkipSpace(start + 2);
            int pathEnd = FindPathEnd(pathStart);
            if (pathEnd > pathStart && TryFinish(start, pathStart, pathEnd, out placeholder))
            {
                next = placeholder.End;
                return true;
            }

            // An opening inside this path would have a path with the same end, and fail alike.
            next = Math.Max(start + 1, pathEnd - 2);
        }

        next = text.Length;
        return false;
    }

    /// <summary>The zone of the first <c>{{current_time_ZONE</c> or <c>{{current_weekday_ZONE</c>, be it a whole placeholder or not; or nothing.</summary>
    public static ReadOnlySpan<char> FirstZoneName(ReadOnlySpan<char> template)
    {
        var scanner = new PlaceholderScanner(template);
        for (int start; (start = scanner.FindOpening()) >= 0;)
        {
            int nameStart = scanner.SkipSpace(start + 2);
            int prefix = BuiltInValues.ZonePrefixLength(template[nameStart..]);
            if (prefix > 0 && scanner.FindPathEnd(nameStart + prefix) is var end && end > nameStart + prefix)
                return template[(nameStart + prefix)..end];

            scanner.next = start + 1;
        }

        return default;
    }

    private bool TryFinish(int start, int pathStart, int pathEnd, out Placeholder placeholder)
    {
        placeholder = default;
        ReadOnlySpan<char> path = text[pathStart..pathEnd];
        int bar = SkipSpace(pathEnd);
        if (!Has('|', bar))
        {
            if (!Closes(bar))
                return false;

            placeholder = new Placeholder { Start = start, End = bar + 2, Path = path };
            return true;
        }

        int filterStart = SkipSpace(bar + 1);
        if (filterEnd < filterStart)
            filterEnd = Find(EndsFilter, filterStart);
        if (filterEnd == filterStart && --filterStart == bar)
            return false;

        int end = filterEnd;
        if (Has(':', filterEnd))
        {
            if (argumentEnd <= filterEnd)
                argumentEnd = Find(EndsArgument, filterEnd + 1);
            end = argumentEnd == filterEnd + 1 ? -1 : argumentEnd;
        }

        if (!Closes(end))
            return false;

        // Trimmed only now: on the way to a failure this could look at the same white space many times.
        placeholder = new Placeholder
        {
            Start = start,
            End = end + 2,
            Path = path,
            HasFilter = true,
            Filter = WhiteSpace.Trim(text[filterStart..filterEnd]),
            HasArgument = end > filterEnd,
            Argument = end > filterEnd ? WhiteSpace.Trim(text[(filterEnd + 1)..end]) : default,
        };
        return true;
    }

    private int FindOpening()
    {
        int found = text[next..].IndexOf("{{");
        Steps += found < 0 ? text.Length - next : found + 2;
        return found < 0 ? -1 : next + found;
    }

    private int FindPathEnd(int from) => Find(EndsPath, from);

    private int Find(SearchValues<char> ends, int from)
    {
        int found = text[from..].IndexOfAny(ends);
        int end = found < 0 ? text.Length : from + found;
        Steps += end - from + 1;
        return end;
    }

    private int SkipSpace(int from)
    {
        int end = from;
        while (end < text.Length && WhiteSpace.Is(text[end]))
            end++;
        Steps += end - from + 1;
        return end;
    }

    private readonly bool Has(char c, int at) => (uint)at < (uint)text.Length && text[at] == c;

    private readonly bool Closes(int at) => Has('}', at) && Has('}', at + 1);
}
