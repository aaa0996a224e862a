using Dograh.Tests.AppHost;
using Dograh.Tests.Receiving;
using Dograh.Tests.Standalone;

namespace Dograh.Tests.Cli;

/// <summary>The command line as a .NET tool.</summary>
public sealed class ToolPackageTests
{
    [Fact]
    public async Task It_packs_installs_from_its_package_alone_and_runs()
    {
        using var folder = new TemporaryFolder();
        var packages = Path.Combine(folder.Path, "packages");
        await Commands.RunAsync(Path.Combine(Repository.Root, "Dograh.Cli"), "dotnet", "pack", "--no-build", "--configuration", "Debug", "--output", packages, "-nologo", "--tl:off");
        // No other source than the folder: whatever it needs is in the package.
        await File.WriteAllTextAsync(
            Path.Combine(folder.Path, "nuget.config"),
            """<configuration><packageSources><clear /><add key="packed" value="packages" /></packageSources></configuration>""", TestContext.Current.CancellationToken);

        await Commands.RunAsync(folder.Path, "dotnet", "tool", "install", "Dograh.Cli", "--tool-path", Path.Combine(folder.Path, "tools"), "--configfile", Path.Combine(folder.Path, "nuget.config"));
        var dograh = Path.Combine(folder.Path, "tools", OperatingSystem.IsWindows() ? "dograh.exe" : "dograh");

        Assert.Contains("deliveries", await Commands.RunAsync(folder.Path, dograh, "--help"), StringComparison.Ordinal);
        Assert.Matches(@"^\d+\.\d+\.\d+", await Commands.RunAsync(folder.Path, dograh, "--version"));
        Assert.Contains("complete", await Commands.RunAsync(folder.Path, dograh, "completion", "bash"), StringComparison.Ordinal);
    }
}
