using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace Dograh.Webhooks.Redaction;

/// <summary>What a receiver answered, or an exception said, made fit to be stored and logged.</summary>
/// <remarks>
/// A net for what looks like a credential, in five passes; it is no proof that none is left. Redact first and cut afterwards: of a quoted
/// value whose closing quote was cut off nothing is recognized.
/// <para>
/// The texts are hostile and may be long. Every pattern takes time linear in them: what repeats in it cannot run past what begins the
/// next match (a quoted value ends at the next opening quote of its kind, an address at the next slash, …). They run on the
/// backtracking engine, with a timeout that only a flaw in that reasoning could reach. The engine that is linear by construction
/// does not find the first of two overlapping matches: <c>a?b= *[^; ]+</c> in <c>a?b=b= d</c> gives it <c>b= d</c> (.NET 10.0.4).
/// </para>
/// </remarks>
public static partial class FailureMessage
{
    /// <summary>The longest message, in Unicode characters, before the ellipsis that then ends it.</summary>
    public const int MaxLength = 4000;

    private const int TimeoutMilliseconds = 1000;
    private const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    // White space in these patterns includes the separators U+001C to U+001F, as everywhere here; a word is letters, digits and "_", without the
    // combining marks that \b would take for a part of it.
    private const string Space = @"[\s\x1c-\x1f]";
    private const string BeginsWord = @"(?<![\p{L}\p{N}_])";

    private const string SecretName =
        "(x[-_])?(api[-_]?key|access[-_]?token|auth[-_]?token|authorization|token|signature|secret|password|private[-_]?key|client[-_]?secret"
        + "|aws[-_]?access[-_]?key([-_]?id)?|aws[-_]?secret[-_]?access[-_]?key)";

    private const string Assignment = $"""(?<kept>["']?{SecretName}["']?{Space}*[:=]{Space}*)""";

    // One of these is in whatever any of the patterns matches.
    private static readonly SearchValues<string> Stems = SearchValues.Create(
        ["://", "key", "token", "authorization", "signature", "secret", "password", "basic", "bearer"], StringComparison.OrdinalIgnoreCase);

    /// <summary>Redacts a message.</summary>
    /// <param name="message">Any text; null gives <c>""</c>.</param>
    /// <returns>The message with what looks like a credential replaced, cut at <see cref="MaxLength"/>.</returns>
    public static string Redact(string? message)
    {
        string text = message ?? "";
        // Most of what receivers answer is short and plain. Only for ASCII: elsewhere ignoring case has more letters than these.
        if (Ascii.IsValid(text) && !text.AsSpan().ContainsAny(Stems))
            return Cut(text);

        try
        {
            text = UserInformation().Replace(text, $"${{kept}}{FieldRedactor.Redacted}@");
            text = QueryParameter().Replace(text, $"${{kept}}{FieldRedactor.Redacted}");
            text = AuthorizationValue().Replace(text, $"${{kept}}{FieldRedactor.Redacted}");
            text = QuotedAssignment().Replace(text, $"${{kept}}${{quote}}{FieldRedactor.Redacted}${{quote}}");
            text = BareAssignment().Replace(text, $"${{kept}}{FieldRedactor.Redacted}");
        }
        catch (RegexMatchTimeoutException)
        {
            return FieldRedactor.Redacted; // rather nothing than a secret
        }

        return Cut(text);
    }

    // https://user:password@host
    [GeneratedRegex(BeginsWord + @"(?<kept>(https?|wss?)://)[^/@\s\x1c-\x1f]+@", Options, TimeoutMilliseconds)]
    private static partial Regex UserInformation();

    // ?token=abc
    [GeneratedRegex(
        @"(?<kept>[?&](api[_-]?key|access[_-]?token|auth[_-]?token|token|signature|secret|password|key)=)[^&#\s\x1c-\x1f]+",
        Options,
        TimeoutMilliseconds)]
    private static partial Regex QueryParameter();

    // Authorization: Bearer abc
    [GeneratedRegex(BeginsWord + $"(?<kept>(basic|bearer){Space}+)[A-Za-z0-9._~+/=-]+", Options, TimeoutMilliseconds)]
    private static partial Regex AuthorizationValue();

    // "api_key": "a\"bc", where only a quote of the same kind without a backslash ends the value
    [GeneratedRegex(
        Assignment + """((?<quote>")(\\[\s\S]|[^"\\])*"|(?<quote>')(\\[\s\S]|[^'\\])*')""",
        Options,
        TimeoutMilliseconds)]
    private static partial Regex QuotedAssignment();

    // secret=abc
    [GeneratedRegex(Assignment + """[^\s\x1c-\x1f,;"'}]+""", Options, TimeoutMilliseconds)]
    private static partial Regex BareAssignment();

    private static string Cut(string text)
    {
        if (text.Length <= MaxLength)
            return text;

        int at = 0;
        for (int characters = 0; characters < MaxLength && at < text.Length; characters++)
            at += char.IsSurrogatePair(text, at) ? 2 : 1;
        return at < text.Length ? string.Concat(text.AsSpan(0, at), "…") : text;
    }
}
