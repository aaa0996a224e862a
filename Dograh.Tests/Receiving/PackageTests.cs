using System.IO.Compression;
using Dograh.Tests.AppHost;
using Dograh.Tests.Standalone;

namespace Dograh.Tests.Receiving;

/// <summary>The receivers' library as a package.</summary>
public sealed class PackageTests
{
    [Fact]
    public async Task It_packs_with_its_guide_and_leans_on_nothing_of_the_services()
    {
        using var folder = new TemporaryFolder();
        await Commands.RunAsync(
            Path.Combine(Repository.Root, "Dograh.Webhooks.Receiver"), "dotnet", "pack", "--no-build", "--configuration", "Debug", "--output", folder.Path, "-nologo", "--tl:off");

        await using var package = await ZipFile.OpenReadAsync(Assert.Single(Directory.GetFiles(folder.Path, "*.nupkg")), TestContext.Current.CancellationToken);
        var files = package.Entries.Select(entry => entry.FullName).ToList();
        Assert.Contains("README.md", files);
        Assert.Contains("lib/net10.0/Dograh.Webhooks.Receiver.dll", files);
        Assert.Contains("lib/net10.0/Dograh.Webhooks.Receiver.xml", files);
        using var reader = new StreamReader(await package.GetEntry("Dograh.Webhooks.Receiver.nuspec")!.OpenAsync(TestContext.Current.CancellationToken));
        var manifest = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Contains("<readme>README.md</readme>", manifest, StringComparison.Ordinal);
        Assert.Contains("dependency id=\"NSec.Cryptography\"", manifest, StringComparison.Ordinal);
        Assert.DoesNotContain("dependency id=\"Dograh", manifest, StringComparison.Ordinal);
    }
}
