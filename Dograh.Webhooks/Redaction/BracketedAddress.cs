using System.Buffers;
using System.Globalization;

namespace Dograh.Webhooks.Redaction;

/// <summary>What may stand between the brackets of a URL's host: an IPv6 address, or one of a version yet to come (RFC 3986 section 3.2.2).</summary>
internal static class BracketedAddress
{
    private const int Groups = 8;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>Whether a text is such an address.</summary>
    public static bool IsSound(ReadOnlySpan<char> text) => text.StartsWith('v') ? IsFutureAddress(text[1..]) : IsIPv6(text);

    // v1F.anything
    private static bool IsFutureAddress(ReadOnlySpan<char> text)
    {
        int digits = 0;
        while (digits < text.Length && char.IsAsciiHexDigit(text[digits]))
            digits++;
        return digits > 0 && text[digits..].StartsWith('.') && text.Length > digits + 1 && !text[(digits + 1)..].Contains('\n');
    }

    private static bool IsIPv6(ReadOnlySpan<char> text)
    {
        int zone = text.IndexOf('%');
        if (zone >= 0 && (zone == text.Length - 1 || text[(zone + 1)..].Contains('%')))
            return false;

        string address = (zone < 0 ? text : text[..zone]).ToString();
        int lastColon = address.LastIndexOf(':');
        if (address.Contains('.', StringComparison.Ordinal) && lastColon >= 0)
        {
            if (!IsIPv4(address.AsSpan(lastColon + 1)))
                return false;

            address = string.Concat(address.AsSpan(0, lastColon + 1), "0:0"); // an IPv4 address counts as two groups
        }

        int gap = address.IndexOf("::", StringComparison.Ordinal);
        if (gap < 0)
            return CountGroups(address) == Groups;

        // "::" stands for one group at least, and may stand but once.
        int before = gap == 0 ? 0 : CountGroups(address.AsSpan(0, gap));
        int after = gap + 2 == address.Length ? 0 : CountGroups(address.AsSpan(gap + 2));
        return before >= 0 && after >= 0 && before + after < Groups;
    }

    // Of a colon-separated list; -1 if any is no group.
    private static int CountGroups(ReadOnlySpan<char> list)
    {
        int count = 0;
        foreach (Range range in list.Split(':'))
        {
            ReadOnlySpan<char> group = list[range];
            if (group.Length is 0 or > 4 || group.ContainsAnyExcept(HexDigits))
                return -1;
            count++;
        }

        return count;
    }

    private static bool IsIPv4(ReadOnlySpan<char> text)
    {
        int count = 0;
        foreach (Range range in text.Split('.'))
        {
            ReadOnlySpan<char> octet = text[range];
            bool isOctet = octet.Length is > 0 and <= 3 && !octet.ContainsAnyExceptInRange('0', '9')
                && (octet.Length == 1 || octet[0] != '0') && int.Parse(octet, CultureInfo.InvariantCulture) <= 255;
            if (!isOctet)
                return false;
            count++;
        }

        return count == 4;
    }
}
