using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dograh.Sbom;

/// <summary>Writes packages as CycloneDX 1.6. The same packages give the same text: there is no time in it, and its serial number is made of what it lists.</summary>
internal static class CycloneDx
{
    private const string Product = "dograh-webhooks";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The document.</summary>
    public static string Write(IReadOnlyList<ShippedPackage> packages)
    {
        var version = typeof(CycloneDx).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
        var product = $"pkg:generic/{Product}@{version}";
        var byName = packages.ToLookup(package => package.Name, StringComparer.OrdinalIgnoreCase);
        return new JsonObject
        {
            ["$schema"] = "http://cyclonedx.org/schema/bom-1.6.schema.json",
            ["bomFormat"] = "CycloneDX",
            ["specVersion"] = "1.6",
            ["serialNumber"] = $"urn:uuid:{Serial(version, packages)}",
            ["version"] = 1,
            ["metadata"] = new JsonObject
            {
                ["component"] = new JsonObject { ["type"] = "application", ["bom-ref"] = product, ["name"] = Product, ["version"] = version, ["purl"] = product },
            },
            ["components"] = new JsonArray([.. packages.Select(Component)]),
            ["dependencies"] = new JsonArray(
            [
                Dependency(product, packages.Where(package => package.IsDirect)),
                .. packages.Select(package => Dependency(package.Purl, package.Needs.SelectMany(need => byName[need]))),
            ]),
        }.ToJsonString(Indented) + "\n";
    }

    private static JsonNode Component(ShippedPackage package) => new JsonObject
    {
        ["type"] = "library",
        ["bom-ref"] = package.Purl,
        ["name"] = package.Name,
        ["version"] = package.Version,
        ["hashes"] = new JsonArray(new JsonObject { ["alg"] = "SHA-512", ["content"] = package.Sha512 }),
        ["licenses"] = new JsonArray(package.LicenceKind switch
        {
            LicenceKind.Expression => new JsonObject { ["expression"] = package.Licence },
            LicenceKind.Url => new JsonObject { ["license"] = new JsonObject { ["name"] = "as its author published it", ["url"] = package.Licence } },
            _ => new JsonObject { ["license"] = new JsonObject { ["name"] = package.Licence } },
        }),
        ["purl"] = package.Purl,
    };

    private static JsonNode Dependency(string of, IEnumerable<ShippedPackage> needs) => new JsonObject
    {
        ["ref"] = of,
        ["dependsOn"] = new JsonArray([.. needs.Select(need => (JsonNode)need.Purl).DistinctBy(purl => purl.ToString())]),
    };

    private static Guid Serial(string version, IReadOnlyList<ShippedPackage> packages)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{version}\n{string.Join('\n', packages.Select(package => $"{package.Purl} {package.Sha512}"))}"));
        // As RFC 9562 wants a uuid of one's own making marked: version 8.
        hash[6] = (byte)((hash[6] & 0x0f) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }
}
