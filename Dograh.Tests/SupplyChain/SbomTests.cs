using System.Text.Json;
using Dograh.Sbom;
using Dograh.Tests.AppHost;

namespace Dograh.Tests.SupplyChain;

/// <summary>The bill of materials is CycloneDX, and lists what is shipped: no more, no less.</summary>
public sealed class SbomTests
{
    private static readonly IReadOnlyList<ShippedPackage> Packages = ShippedPackages.Read(Repository.Root);
    private static readonly JsonElement Bom = JsonElement.Parse(CycloneDx.Write(Packages));

    [Fact]
    public void It_has_the_shape_of_CycloneDX_1_6()
    {
        Assert.Equal(("CycloneDX", "1.6", 1), (Text(Bom, "bomFormat"), Text(Bom, "specVersion"), Bom.GetProperty("version").GetInt32()));
        Assert.Matches("^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", Text(Bom, "serialNumber"));
        Assert.Equal("application", Text(Bom.GetProperty("metadata").GetProperty("component"), "type"));
        Assert.All(Components, component =>
        {
            Assert.Equal(["type", "bom-ref", "name", "version", "hashes", "licenses", "purl"], component.EnumerateObject().Select(member => member.Name));
            Assert.Equal("library", Text(component, "type"));
            Assert.Equal($"pkg:nuget/{Text(component, "name")}@{Text(component, "version")}", Text(component, "purl"));
            Assert.Equal(Text(component, "purl"), Text(component, "bom-ref"));
            Assert.Equal("SHA-512", Text(component.GetProperty("hashes")[0], "alg"));
            Assert.Matches("^[0-9a-f]{128}$", Text(component.GetProperty("hashes")[0], "content"));
            var licence = Assert.Single(component.GetProperty("licenses").EnumerateArray());
            Assert.NotEmpty(licence.TryGetProperty("expression", out var expression) ? expression.GetString()! : Text(licence.GetProperty("license"), "name"));
        });
    }

    [Fact]
    public void It_lists_every_library_that_the_programs_are_built_with()
    {
        var built = Programs.SelectMany(program => Libraries(Path.Combine(Repository.Root, program, "bin", "Debug", "net10.0", $"{program}.deps.json"))).Distinct().Order(StringComparer.Ordinal);

        var listed = Components.Select(component => $"{Text(component, "name")}/{Text(component, "version")}").ToList();
        Assert.Empty(built.Except(listed));
        // What is listed besides was restored, and the framework's own is newer: it is what runs.
        Assert.All(listed.Except(built), library => Assert.True(IsOfTheFramework(library.Split('/')[0]), library));
        Assert.Contains(Components, component => Text(component, "name") == "Npgsql");
        Assert.DoesNotContain(Components, component => Text(component, "name").StartsWith("xunit", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_reference_in_it_is_to_something_in_it_once()
    {
        var refs = Components.Select(component => Text(component, "bom-ref")).Append(Text(Bom.GetProperty("metadata").GetProperty("component"), "bom-ref")).ToList();

        Assert.Equal(refs.Distinct().Count(), refs.Count);
        Assert.Equal(refs.Order(StringComparer.Ordinal), Dependencies.Select(entry => Text(entry, "ref")).Order(StringComparer.Ordinal));
        Assert.All(Dependencies.SelectMany(entry => entry.GetProperty("dependsOn").EnumerateArray()), needed => Assert.Contains(needed.GetString(), refs));
        Assert.NotEmpty(Dependencies.First(entry => Text(entry, "ref").StartsWith("pkg:generic/", StringComparison.Ordinal)).GetProperty("dependsOn").EnumerateArray());
    }

    [Fact]
    public void The_same_packages_make_the_same_text() => Assert.Equal(CycloneDx.Write(Packages), CycloneDx.Write(ShippedPackages.Read(Repository.Root)));

    private static IEnumerable<string> Programs => ShippedPackages.Programs;

    private static IEnumerable<JsonElement> Components => Bom.GetProperty("components").EnumerateArray();

    private static IEnumerable<JsonElement> Dependencies => Bom.GetProperty("dependencies").EnumerateArray();

    // What the build itself says that it put beside a program, or would find in it.
    private static IEnumerable<string> Libraries(string file)
    {
        var dependencies = JsonElement.Parse(File.ReadAllText(file));
        var libraries = dependencies.GetProperty("libraries");
        return dependencies.GetProperty("targets").EnumerateObject().First().Value.EnumerateObject()
            .Where(library => libraries.GetProperty(library.Name).GetProperty("type").ValueEquals("package"))
            .Where(library => ((string[])["runtime", "runtimeTargets", "native", "resources"]).Any(kind => library.Value.TryGetProperty(kind, out _)))
            .Select(library => library.Name);
    }

    private static bool IsOfTheFramework(string name) =>
        ((Type[])[typeof(object), typeof(Microsoft.AspNetCore.Builder.WebApplication)]).Any(type => File.Exists(Path.Combine(Path.GetDirectoryName(type.Assembly.Location)!, $"{name}.dll")));

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
