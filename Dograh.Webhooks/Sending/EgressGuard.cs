using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Sending;

/// <summary>Which addresses a delivery may connect to: public ones, and the networks that the operator allows.</summary>
/// <remarks>
/// After the IANA special-purpose registries (RFC 6890 and its successors). IPv6 is a list of what is allowed, not of what is not: only
/// 2000::/3 is global unicast, and within it the tunnels that carry an IPv4 address (6to4, Teredo) are refused whole.
/// </remarks>
public sealed class EgressGuard
{
    private static readonly IPNetwork[] NotPublic =
    [
        IPNetwork.Parse("0.0.0.0/8"), // this network
        IPNetwork.Parse("10.0.0.0/8"), // private
        IPNetwork.Parse("100.64.0.0/10"), // shared (CGNAT)
        IPNetwork.Parse("127.0.0.0/8"), // loopback
        IPNetwork.Parse("169.254.0.0/16"), // link local, cloud metadata
        IPNetwork.Parse("172.16.0.0/12"), // private
        IPNetwork.Parse("192.0.0.0/24"), // protocol assignments
        IPNetwork.Parse("192.0.2.0/24"), // documentation
        IPNetwork.Parse("192.31.196.0/24"), // AS112
        IPNetwork.Parse("192.52.193.0/24"), // AMT
        IPNetwork.Parse("192.88.99.0/24"), // 6to4 relays
        IPNetwork.Parse("192.168.0.0/16"), // private
        IPNetwork.Parse("192.175.48.0/24"), // AS112
        IPNetwork.Parse("198.18.0.0/15"), // benchmarking
        IPNetwork.Parse("198.51.100.0/24"), // documentation
        IPNetwork.Parse("203.0.113.0/24"), // documentation
        IPNetwork.Parse("224.0.0.0/4"), // multicast
        IPNetwork.Parse("240.0.0.0/4"), // reserved, broadcast
        IPNetwork.Parse("2001::/23"), // protocol assignments, Teredo among them
        IPNetwork.Parse("2001:db8::/32"), // documentation
        IPNetwork.Parse("2002::/16"), // 6to4
        IPNetwork.Parse("2620:4f:8000::/48"), // AS112
        IPNetwork.Parse("3fff::/20"), // documentation
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    private readonly IReadOnlyList<IPNetwork> _allowed;

    /// <summary>Reads the settings.</summary>
    public EgressGuard(IOptions<EgressOptions> options)
    {
        _allowed = options.Value.ParseAllowedNetworks();
        AllowsHttp = options.Value.AllowHttp;
    }

    /// <summary>Whether plain <c>http</c> may be used.</summary>
    public bool AllowsHttp { get; }

    /// <summary>Whether a connection to the address may be made.</summary>
    public bool Allows(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        // A zone (fe80::1%eth0) is not part of the address that the networks are written in.
        if (address is { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 }) address = new IPAddress(address.GetAddressBytes());
        foreach (var network in _allowed)
        {
            if (network.Contains(address)) return true;
        }

        if (address.AddressFamily == AddressFamily.InterNetworkV6 && !GlobalUnicast.Contains(address)) return false;
        foreach (var network in NotPublic)
        {
            if (network.Contains(address)) return false;
        }

        return true;
    }

    /// <summary>Why a URL may not be asked, as far as the URL alone tells: its scheme, or its host where that is an address.</summary>
    /// <returns>Null if nothing is against it; a host that is a name is looked at when it is connected to.</returns>
    public string? FindFault(Uri url)
    {
        if (url.Scheme != Uri.UriSchemeHttps && !(url.Scheme == Uri.UriSchemeHttp && AllowsHttp))
        {
            return AllowsHttp ? "only http and https URLs can be sent to" : "only https URLs can be sent to (Egress:AllowHttp is off)";
        }

        if (!string.IsNullOrEmpty(url.UserInfo)) return "a URL must not hold a user name or password; use a credential";
        // "127.0.0.1." is that address too: the dot of a fully qualified name.
        return IPAddress.TryParse(url.IdnHost.TrimEnd('.'), out var address) && !Allows(address) ? Refusal(url.IdnHost) : null;
    }

    /// <summary>What is said of an address that is not allowed.</summary>
    public static string Refusal(string host) =>
        $"egress to {host} is not allowed: it is not a public address, and not in Egress:AllowedNetworks";
}
