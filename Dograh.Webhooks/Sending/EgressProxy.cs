using System.Text;

namespace Dograh.Webhooks.Sending;

/// <summary>The proxy through which requests leave, for those whose receivers want to know them by their address.</summary>
/// <remarks>A class and not a record: nothing prints it, for it holds a password.</remarks>
internal sealed class EgressProxy
{
    private EgressProxy(string host, int port, string? authorization) => (Host, Port, Authorization) = (host, port, authorization);

    /// <summary>Its name or address. It is the operator's word: the guard is not asked about it.</summary>
    public string Host { get; }

    /// <summary>Its port.</summary>
    public int Port { get; }

    /// <summary>The value of <c>Proxy-Authorization</c>; null if it asks for none.</summary>
    public string? Authorization { get; }

    /// <summary>Reads <c>http://[user:password@]host:port</c>.</summary>
    /// <exception cref="FormatException">It is not of that form; the message does not repeat it, for it may hold a password.</exception>
    public static EgressProxy Parse(string text)
    {
        // With a scheme: without one .NET looks for a file's path, and is not at its best over one with a stray character.
        if (!text.StartsWith("http:", StringComparison.OrdinalIgnoreCase) || !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp || url.Host.Length == 0 || url.PathAndQuery != "/"
            || url.Fragment.Length > 0)
        {
            throw new FormatException("must be of the form http://[user:password@]host:port");
        }

        var colon = url.UserInfo.IndexOf(':', StringComparison.Ordinal);
        if (url.UserInfo.Length > 0 && colon < 0) throw new FormatException("has a user name without a password; it must be of the form http://[user:password@]host:port");
        return new EgressProxy(url.IdnHost, url.Port, colon < 0 ? null : Basic(url.UserInfo[..colon], url.UserInfo[(colon + 1)..]));
    }

    private static string Basic(string user, string password) =>
        $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.UnescapeDataString(user)}:{Uri.UnescapeDataString(password)}"))}";
}
