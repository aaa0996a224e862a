namespace Dograh.Webhooks.Rendering;

/// <summary>White space as templates know it: Unicode's, and the four separators U+001C to U+001F.</summary>
/// <remarks>The four are the one difference from <see cref="char.IsWhiteSpace(char)"/>; stored templates rely on the set.</remarks>
internal static class WhiteSpace
{
    public static bool Is(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    public static ReadOnlySpan<char> Trim(ReadOnlySpan<char> text)
    {
        int start = 0, end = text.Length;
        while (start < end && Is(text[start]))
            start++;
        while (end > start && Is(text[end - 1]))
            end--;

        return text[start..end];
    }
}
