using System.Buffers;

namespace Dograh.Webhooks.Redaction;

/// <summary>The origin of a URL, split leniently by its punctuation alone, as far as it is needed to say where a request went.</summary>
/// <remarks>
/// Not <see cref="Uri"/>, which refuses or repairs texts that other software would still use as URLs; here such a text must be recognized.
/// After RFC 3986 appendix B, with the two precautions of the URL standard: leading controls and spaces, and tabs and newlines anywhere,
/// do not count.
/// </remarks>
/// <param name="Scheme">In lower case; <c>""</c> where there is none.</param>
/// <param name="Host">In lower case, without brackets; <c>""</c> where there is none.</param>
/// <param name="Port">What follows the host's colon, not judged; <c>""</c> where there is nothing.</param>
internal sealed record SplitUrl(string Scheme, string Host, string Port)
{
    private const string Alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private static readonly SearchValues<char> SchemeCharacters = SearchValues.Create(Alphanumeric + "+-.");

    // Under Unicode's compatibility normalization (NFKC), which resolvers of international names apply, these become or contain one of / ? # @ :
    private static readonly SearchValues<char> DisguisedPunctuation = SearchValues.Create(
        "\u2047\u2048\u2049\u2100\u2101\u2105\u2106\u2A74\uFE13\uFE16\uFE55\uFE56\uFE5F\uFE6B\uFF03\uFF0F\uFF1A\uFF1F\uFF20");

    /// <summary>Splits a text.</summary>
    /// <returns>Its parts, or null where it is no URL whatever one makes of it: unbalanced brackets, no address in them, disguised punctuation.</returns>
    public static SplitUrl? Of(string url)
    {
        string text = WithoutIgnored(url);
        ReadOnlySpan<char> rest = text;
        string scheme = "";
        int colon = rest.IndexOf(':');
        if (colon > 0 && char.IsAsciiLetter(rest[0]) && !rest[..colon].ContainsAnyExcept(SchemeCharacters))
        {
            scheme = rest[..colon].ToString().ToLowerInvariant();
            rest = rest[(colon + 1)..];
        }

        if (!rest.StartsWith("//"))
            return new SplitUrl(scheme, "", "");

        rest = rest[2..];
        int end = rest.IndexOfAny('/', '?', '#');
        ReadOnlySpan<char> authority = end < 0 ? rest : rest[..end];
        return authority.ContainsAny(DisguisedPunctuation) || !HasSoundBrackets(authority) ? null : FromAuthority(scheme, authority);
    }

    private static string WithoutIgnored(string url)
    {
        int start = 0;
        while (start < url.Length && url[start] <= ' ')
            start++;
        return url.AsSpan(start).ContainsAny('\t', '\r', '\n')
            ? string.Concat(url.Skip(start).Where(c => c is not ('\t' or '\r' or '\n')))
            : url[start..];
    }

    private static bool HasSoundBrackets(ReadOnlySpan<char> authority)
    {
        int open = authority.IndexOf('[');
        if (open < 0 || !authority.Contains(']'))
            return open < 0 && !authority.Contains(']');

        int close = authority[open..].IndexOf(']');
        return BracketedAddress.IsSound(close < 0 ? authority[(open + 1)..] : authority.Slice(open + 1, close - 1));
    }

    private static SplitUrl FromAuthority(string scheme, ReadOnlySpan<char> authority)
    {
        ReadOnlySpan<char> hostAndPort = authority[(authority.LastIndexOf('@') + 1)..];
        int open = hostAndPort.IndexOf('[');
        ReadOnlySpan<char> host = hostAndPort[(open + 1)..];
        int hostEnd = host.IndexOf(open < 0 ? ':' : ']');
        ReadOnlySpan<char> port = hostEnd < 0 ? default : host[hostEnd..];
        if (hostEnd >= 0)
            host = host[..hostEnd];
        int portColon = port.IndexOf(':');
        return new SplitUrl(scheme, LowerHost(host), portColon < 0 ? "" : port[(portColon + 1)..].ToString());
    }

    // The zone of a scoped IPv6 address keeps its case: it is the name of a network interface.
    private static string LowerHost(ReadOnlySpan<char> host)
    {
        int zone = host.IndexOf('%');
        return zone < 0 ? host.ToString().ToLowerInvariant() : host[..zone].ToString().ToLowerInvariant() + host[zone..].ToString();
    }
}
