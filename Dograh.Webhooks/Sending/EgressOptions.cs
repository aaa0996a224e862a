using System.Globalization;
using System.Net;
using Dograh.Webhooks.Configuration;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Sending;

/// <summary>Where deliveries may go; section <c>Egress</c>.</summary>
public sealed class EgressOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "Egress";

    /// <summary>Networks that are allowed besides public addresses: comma separated CIDRs.</summary>
    /// <value>Default none.</value>
    public string? AllowedNetworks { get; set; }

    /// <summary>Whether plain <c>http</c> is allowed.</summary>
    /// <value>Default true.</value>
    public bool AllowHttp { get; set; } = true;

    /// <summary>The only ports that may be sent to, comma separated.</summary>
    /// <value>Default none: any.</value>
    public string? AllowedPorts { get; set; }

    /// <summary>The proxy through which deliveries leave: <c>http://[user:password@]host:port</c>.</summary>
    /// <value>Default none: they leave by themselves.</value>
    public string? Proxy { get; set; }

    /// <summary>Reads <see cref="AllowedPorts"/>.</summary>
    /// <exception cref="FormatException">An entry is not a port; the message names it.</exception>
    public IReadOnlySet<int> ParseAllowedPorts() => Entries(AllowedPorts)
        .Select(entry => int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= IPEndPoint.MaxPort
            ? port
            : throw new FormatException($"'{entry}' is not a port (a number from 1 to {IPEndPoint.MaxPort})."))
        .ToHashSet();

    /// <summary>Reads <see cref="Proxy"/>.</summary>
    /// <exception cref="FormatException">It is not of its form; the message does not repeat it.</exception>
    internal EgressProxy? ParseProxy() => string.IsNullOrWhiteSpace(Proxy) ? null : EgressProxy.Parse(Proxy);

    /// <summary>Reads <see cref="AllowedNetworks"/>.</summary>
    /// <exception cref="FormatException">An entry is not a CIDR or an address; the message names it.</exception>
    public IReadOnlyList<IPNetwork> ParseAllowedNetworks()
    {
        return Array.ConvertAll(Entries(AllowedNetworks), Parse);

        static IPNetwork Parse(string entry)
        {
            // .NET passes over bits after the prefix; here 10.1.2.3/8 is more likely one address than 16 million.
            if (IPNetwork.TryParse(entry, out var network) && IPAddress.Parse(entry[..entry.IndexOf('/')]).Equals(network.BaseAddress)) return network;
            if (IPAddress.TryParse(entry, out var address)) return new IPNetwork(address, address.GetAddressBytes().Length * 8);
            throw new FormatException(
                $"'{entry}' is not a network in CIDR form (such as 10.1.0.0/16 or fd00::/8; the bits after the prefix must be zero).");
        }
    }

    private static string[] Entries(string? list) =>
        (list ?? "").Split([',', ' ', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

/// <summary>Stops the process at start over a setting that cannot be read.</summary>
internal sealed class EgressOptionsValidator : IValidateOptions<EgressOptions>
{
    public ValidateOptionsResult Validate(string? name, EgressOptions options)
    {
        var faults = new List<string>();
        Try(nameof(EgressOptions.AllowedNetworks), () => options.ParseAllowedNetworks());
        Try(nameof(EgressOptions.AllowedPorts), () => options.ParseAllowedPorts());
        Try(nameof(EgressOptions.Proxy), () => options.ParseProxy());
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Try(string setting, Action parse)
        {
            try
            {
                parse();
            }
            catch (FormatException e)
            {
                faults.Add($"{FlatEnvironmentNames.Describe($"{EgressOptions.SectionName}:{setting}")}: {e.Message}");
            }
        }
    }
}
