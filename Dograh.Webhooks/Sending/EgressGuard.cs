using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Sending;

/// <summary>Which addresses and ports a delivery may connect to: public ones, and what the operator allows.</summary>
/// <remarks>
/// After the IANA special-purpose registries (RFC 6890 and its successors). IPv6 is a list of what is allowed, not of what is not: only
/// 2000::/3 is global unicast, and within it the tunnels that carry an IPv4 address (6to4, Teredo, ISATAP) are refused whole. An address that is
/// another one written in IPv6 (mapped, or NAT64's well-known prefix) is judged as the one that it stands for.
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

    // Where clouds hand out their machines' own credentials. No wide network lets one in, not even one that the operator allows: only its own address does.
    private static readonly HashSet<IPAddress> Metadata =
    [
        IPAddress.Parse("169.254.169.254"), // most clouds
        IPAddress.Parse("169.254.170.2"), // Amazon, containers
        IPAddress.Parse("169.254.170.23"), // Amazon, pods
        IPAddress.Parse("fd00:ec2::254"), // Amazon
        IPAddress.Parse("fd00:ec2::23"), // Amazon, pods
        IPAddress.Parse("fd20:ce::254"), // Google
        IPAddress.Parse("100.100.100.200"), // Alibaba
        IPAddress.Parse("192.0.0.192"), // Oracle
        IPAddress.Parse("168.63.129.16"), // Azure's wire server, of a public network
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    private readonly IReadOnlyList<IPNetwork> _allowed;
    private readonly IReadOnlySet<int> _allowedPorts;

    /// <summary>Reads the settings.</summary>
    public EgressGuard(IOptions<EgressOptions> options)
    {
        _allowed = options.Value.ParseAllowedNetworks();
        _allowedPorts = options.Value.ParseAllowedPorts();
        Proxy = options.Value.ParseProxy();
        AllowsHttp = options.Value.AllowHttp;
    }

    /// <summary>Whether plain <c>http</c> may be used.</summary>
    public bool AllowsHttp { get; }

    /// <summary>The proxy through which everything leaves; null if there is none.</summary>
    internal EgressProxy? Proxy { get; }

    /// <summary>What names mean: the system's resolver.</summary>
    internal Func<string, CancellationToken, Task<IPAddress[]>> Resolver { get; init; } = new NameLookups(Dns.GetHostAddresses).ResolveAsync;

    /// <summary>Whether a connection to the address may be made.</summary>
    public bool Allows(IPAddress address)
    {
        address = Meant(address);
        var isMetadata = Metadata.Contains(address);
        foreach (var network in _allowed)
        {
            if (network.Contains(address) && (!isMetadata || IsOneAddress(network))) return true;
        }

        if (isMetadata) return false;
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && (!GlobalUnicast.Contains(address) || IsIsatap(address))) return false;
        foreach (var network in NotPublic)
        {
            if (network.Contains(address)) return false;
        }

        return true;
    }

    /// <summary>Why a URL may not be asked, as far as the URL alone tells: its scheme, its port, or its host where that is an address.</summary>
    /// <returns>Null if nothing is against it; a host that is a name is looked at when it is connected to.</returns>
    public string? FindFault(Uri url)
    {
        if (url.Scheme != Uri.UriSchemeHttps && !(url.Scheme == Uri.UriSchemeHttp && AllowsHttp))
        {
            return AllowsHttp ? "only http and https URLs can be sent to" : "only https URLs can be sent to (Egress:AllowHttp is off)";
        }

        if (!string.IsNullOrEmpty(url.UserInfo)) return "a URL must not hold a user name or password; use a credential";
        if (_allowedPorts.Count > 0 && !_allowedPorts.Contains(url.Port)) return $"egress to port {url.Port} is not allowed: it is not in Egress:AllowedPorts";
        if (HostOf(url) is not { } host) return "the URL's host is no valid name";
        // "127.0.0.1." is that address too: the dot of a fully qualified name.
        return IPAddress.TryParse(host.TrimEnd('.'), out var address) && !Allows(address) ? Refusal(host) : null;
    }

    /// <summary>A URL's host as it is resolved: of letters, digits and hyphens; null if it cannot be written so.</summary>
    public static string? HostOf(Uri url)
    {
        try
        {
            return url.IdnHost is { Length: > 0 } host ? host : null;
        }
        catch (UriFormatException)
        {
            // .NET takes the URL, and finds only now that its host is no name.
            return null;
        }
    }

    /// <summary>The addresses of a host that may be connected to, in the resolver's order. Whoever connects takes one of these and asks for no other.</summary>
    /// <exception cref="EgressDeniedException">None of the host's addresses is allowed.</exception>
    /// <exception cref="SocketException">The host cannot be resolved.</exception>
    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Resolver(host, cancellationToken);
        if (addresses.Length == 0) throw new SocketException((int)SocketError.HostNotFound);
        var allowed = Array.FindAll(addresses, Allows);
        return allowed.Length > 0 ? allowed : throw new EgressDeniedException(host);
    }

    /// <summary>What is said of an address that is not allowed.</summary>
    public static string Refusal(string host) =>
        $"egress to {host} is not allowed: it is not a public address, and not in Egress:AllowedNetworks";

    private static IPAddress Meant(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        // A zone (fe80::1%eth0) is not part of the address that the networks are written in.
        if (address.ScopeId != 0) address = new IPAddress(address.GetAddressBytes());
        // Where there is no IPv4 but by NAT64, names mean such addresses (RFC 6052).
        return Nat64.Contains(address) ? new IPAddress(address.GetAddressBytes().AsSpan(12)) : address;
    }

    // An interface's identifier of 0000:5efe or 0200:5efe and an IPv4 address (RFC 5214), below any prefix.
    private static bool IsIsatap(IPAddress address) => address.GetAddressBytes() is [_, _, _, _, _, _, _, _, 0x00 or 0x02, 0x00, 0x5e, 0xfe, ..];

    private static bool IsOneAddress(IPNetwork network) => network.PrefixLength == network.BaseAddress.GetAddressBytes().Length * 8;
}
