using System.Text.Json;
using System.Xml.Linq;

namespace Dograh.Sbom;

/// <summary>The packages of the programs that are shipped, as they were restored: versions, hashes and needs are those of <c>project.assets.json</c>.</summary>
internal static class ShippedPackages
{
    /// <summary>The programs. The tests, the benchmark, the chaos runs and this are not shipped; the AppHost is a developer's and a deployment's tool.</summary>
    public static readonly IReadOnlyList<string> Programs = ["Dograh.Api", "Dograh.Worker", "Dograh.Standalone", "Dograh.Cli"];

    /// <summary>Reads them.</summary>
    /// <param name="root">The repository, restored.</param>
    /// <returns>In the order of their names.</returns>
    public static IReadOnlyList<ShippedPackage> Read(string root)
    {
        var packages = new SortedDictionary<string, ShippedPackage>(StringComparer.Ordinal);
        foreach (var program in Programs)
        {
            using var assets = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(root, program, "obj", "project.assets.json")));
            foreach (var package in Read(assets.RootElement))
            {
                // One may be named by one program and come along in another.
                packages[package.Purl] = packages.TryGetValue(package.Purl, out var known) && known.IsDirect ? known : package;
            }
        }

        return [.. packages.Values];
    }

    private static IEnumerable<ShippedPackage> Read(JsonElement assets)
    {
        var folders = assets.GetProperty("packageFolders").EnumerateObject().Select(folder => folder.Name).ToList();
        var libraries = assets.GetProperty("libraries");
        var target = assets.GetProperty("targets").EnumerateObject().First().Value;
        var direct = assets.GetProperty("project").GetProperty("frameworks").EnumerateObject().First().Value;
        foreach (var entry in target.EnumerateObject().Where(entry => entry.Value.GetProperty("type").GetString() == "package" && IsShipped(entry.Value)))
        {
            var library = libraries.GetProperty(entry.Name);
            var (name, version) = Split(entry.Name);
            var (licence, kind) = ReadLicence(folders, library.GetProperty("path").GetString()!, name);
            yield return new ShippedPackage(
                name, version, Convert.ToHexStringLower(Convert.FromBase64String(library.GetProperty("sha512").GetString()!)), licence, kind,
                entry.Value.TryGetProperty("dependencies", out var needs) ? [.. needs.EnumerateObject().Select(need => need.Name)] : [],
                direct.TryGetProperty("dependencies", out var named) && named.TryGetProperty(name, out _));
        }
    }

    // An analyzer, or what serves design time only, has nothing that runs.
    private static bool IsShipped(JsonElement library) => ((string[])["runtime", "runtimeTargets", "native", "resource"]).Any(kind =>
        library.TryGetProperty(kind, out var files) && files.EnumerateObject().Any(file => !file.Name.EndsWith("_._", StringComparison.Ordinal)));

    private static (string Licence, LicenceKind Kind) ReadLicence(IEnumerable<string> folders, string path, string name)
    {
        var file = folders.Select(folder => Path.Combine(folder, path, $"{name.ToLowerInvariant()}.nuspec")).First(File.Exists);
        var metadata = XDocument.Load(file).Root!.Elements().First(element => element.Name.LocalName == "metadata");
        var licence = Find("license");
        if ((string?)licence?.Attribute("type") == "expression") return (licence!.Value.Trim(), LicenceKind.Expression);
        if (licence is not null) return ($"see {licence.Value.Trim()} in the package", LicenceKind.Name);
        return Find("licenseUrl") is { } url ? (url.Value.Trim(), LicenceKind.Url) : ("not told", LicenceKind.Name);

        XElement? Find(string element) => metadata.Elements().FirstOrDefault(child => child.Name.LocalName == element);
    }

    private static (string Name, string Version) Split(string key) => (key[..key.IndexOf('/', StringComparison.Ordinal)], key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..]);
}
