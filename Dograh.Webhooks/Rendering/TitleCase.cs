using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Dograh.Webhooks.Rendering;

/// <summary>Title case: the first letter of each run of letters in its title form, the others in lower case (<c>first_name</c> → <c>First_Name</c>).</summary>
/// <remarks>
/// Unicode's full mappings without a language (Unicode chapter 3.13), as stored templates were rendered with; the runtime has only the
/// simple ones, one character for one. So the table below holds what differs: letters whose title form is not their upper-case one, and
/// those that become several. Sigma at the end of a word becomes <c>ς</c>.
/// </remarks>
internal static class TitleCase
{
    private const int Sigma = 0x3A3;

    private static readonly FrozenDictionary<int, string> SpecialTitleForms = SpecialForms(
        "ı=I", "ſ=S", "ß=Ss", "ŉ=ʼN", "ǰ=J\u030C", "ΐ=Ι\u0308\u0301", "ΰ=Υ\u0308\u0301", "և=Եւ",
        "Ǆ=ǅ", "ǅ=ǅ", "ǆ=ǅ", "Ǉ=ǈ", "ǈ=ǈ", "ǉ=ǈ", "Ǌ=ǋ", "ǋ=ǋ", "ǌ=ǋ", "Ǳ=ǲ", "ǲ=ǲ", "ǳ=ǲ",
        "ẖ=H\u0331", "ẗ=T\u0308", "ẘ=W\u030A", "ẙ=Y\u030A", "ẚ=A\u02BE",
        "ὐ=Υ\u0313", "ὒ=Υ\u0313\u0300", "ὔ=Υ\u0313\u0301", "ὖ=Υ\u0313\u0342",
        "\u1FB2=\u1FBA\u0345", "\u1FB4=\u0386\u0345", "\u1FB6=Α\u0342", "\u1FB7=Α\u0342\u0345",
        "\u1FC2=\u1FCA\u0345", "\u1FC4=\u0389\u0345", "\u1FC6=Η\u0342", "\u1FC7=Η\u0342\u0345",
        "\u1FD2=Ι\u0308\u0300", "\u1FD3=Ι\u0308\u0301", "\u1FD6=Ι\u0342", "\u1FD7=Ι\u0308\u0342",
        "\u1FE2=Υ\u0308\u0300", "\u1FE3=Υ\u0308\u0301", "\u1FE4=Ρ\u0313", "\u1FE6=Υ\u0342", "\u1FE7=Υ\u0308\u0342",
        "\u1FF2=\u1FFA\u0345", "\u1FF4=\u038F\u0345", "\u1FF6=Ω\u0342", "\u1FF7=Ω\u0342\u0345",
        "ﬀ=Ff", "ﬁ=Fi", "ﬂ=Fl", "ﬃ=Ffi", "ﬄ=Ffl", "ﬅ=St", "ﬆ=St", "ﬓ=Մն", "ﬔ=Մե", "ﬕ=Մի", "ﬖ=Վն", "ﬗ=Մխ");

    // Letters by use though not by category: superscripts, Roman numerals, circled letters and the like.
    private static readonly (int First, int Last)[] OtherCased =
    [
        (0xAA, 0xAA), (0xBA, 0xBA), (0x2B0, 0x2B8), (0x2C0, 0x2C1), (0x2E0, 0x2E4), (0x345, 0x345), (0x37A, 0x37A), (0x1D2C, 0x1D6A),
        (0x1D78, 0x1D78), (0x1D9B, 0x1DBF), (0x2071, 0x2071), (0x207F, 0x207F), (0x2090, 0x209C), (0x2160, 0x217F), (0x24B6, 0x24E9),
        (0x2C7C, 0x2C7D), (0xA69C, 0xA69D), (0xA770, 0xA770), (0xA7F8, 0xA7F9), (0xAB5C, 0xAB5F), (0x10780, 0x10780), (0x10783, 0x10785),
        (0x10787, 0x107B0), (0x107B2, 0x107BA), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189),
    ];

    /// <summary>The text in title case.</summary>
    public static string Of(ReadOnlySpan<char> text)
    {
        var result = new StringBuilder(text.Length);
        bool insideWord = false;
        bool afterLetter = false; // as insideWord, but marks and points between do not matter
        int at = 0;
        while (at < text.Length)
        {
            Rune.DecodeFromUtf16(text[at..], out Rune letter, out int length);
            if (!insideWord)
                AppendTitle(result, letter);
            else if (letter.Value == Sigma)
                result.Append(afterLetter && EndsWord(text[(at + 1)..]) ? 'ς' : 'σ');
            else
                AppendLower(result, letter);
            insideWord = IsCased(letter);
            if (!IsCaseIgnorable(letter))
                afterLetter = insideWord;
            at += length;
        }

        return result.ToString();
    }

    private static void AppendTitle(StringBuilder result, Rune letter)
    {
        if (SpecialTitleForms.TryGetValue(letter.Value, out string? special))
            result.Append(special);
        else
            result.Append(letter.Value is >= 0x10D0 and <= 0x10FF ? letter : Rune.ToUpperInvariant(letter)); // Georgian has no title case
    }

    private static void AppendLower(StringBuilder result, Rune letter)
    {
        if (letter.Value == 0x130)
            result.Append("i\u0307");
        else
            result.Append(Rune.ToLowerInvariant(letter));
    }

    private static bool EndsWord(ReadOnlySpan<char> following)
    {
        foreach (Rune letter in following.EnumerateRunes())
        {
            if (!IsCaseIgnorable(letter))
                return !IsCased(letter);
        }

        return true;
    }

    private static bool IsCased(Rune letter) =>
        Rune.GetUnicodeCategory(letter) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        || (letter.Value >= OtherCased[0].First && Array.Exists(OtherCased, range => letter.Value >= range.First && letter.Value <= range.Last));

    private static bool IsCaseIgnorable(Rune letter) =>
        Rune.GetUnicodeCategory(letter) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol
        || letter.Value is '\'' or '.' or ':' or 0xB7 or 0x387 or 0x55F or 0x5F4 or 0x2018 or 0x2019 or 0x2024 or 0x2027
            or 0xFE13 or 0xFE52 or 0xFE55 or 0xFF07 or 0xFF0E or 0xFF1A;

    private static FrozenDictionary<int, string> SpecialForms(params string[] pairs) => pairs.ToFrozenDictionary(pair => (int)pair[0], pair => pair[2..]);
}
