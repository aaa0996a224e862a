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

    /// <summary>Reads <see cref="AllowedNetworks"/>.</summary>
    /// <exception cref="FormatException">An entry is not a CIDR or an address; the message names it.</exception>
    public IReadOnlyList<IPNetwork> ParseAllowedNetworks()
    {
        var entries = (AllowedNetworks ?? "").Split([',', ' ', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return Array.ConvertAll(entries, Parse);

        static IPNetwork Parse(string entry)
        {
            // .NET passes over bits after the prefix; here 10.1.2.3/8 is more likely one address than 16 million.
            if (IPNetwork.TryParse(entry, out var network) && IPAddress.Parse(entry[..entry.IndexOf('/')]).Equals(network.BaseAddress)) return network;
            if (IPAddress.TryParse(entry, out var address)) return new IPNetwork(address, address.GetAddressBytes().Length * 8);
            throw new FormatException(
                $"'{entry}' is not a network in CIDR form (such as 10.1.0.0/16 or fd00::/8; the bits after the prefix must be zero).");
        }
    }
}

/// <summary>Stops the process at start over a network that cannot be read.</summary>
internal sealed class EgressOptionsValidator : IValidateOptions<EgressOptions>
{
    public ValidateOptionsResult Validate(string? name, EgressOptions options)
    {
        try
        {
            options.ParseAllowedNetworks();
            return ValidateOptionsResult.Success;
        }
        catch (FormatException e)
        {
            var setting = FlatEnvironmentNames.Describe($"{EgressOptions.SectionName}:{nameof(EgressOptions.AllowedNetworks)}");
            return ValidateOptionsResult.Fail($"{setting}: {e.Message}");
        }
    }
}
