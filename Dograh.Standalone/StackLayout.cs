using System.Runtime.InteropServices;

namespace Dograh.Standalone;

/// <summary>
/// Where the parts of the stack are: the services' assemblies, the dotnet host that runs them, the tool manifest.
/// </summary>
/// <remarks>
/// The build of Dograh.Standalone puts the published services into <c>api/</c> and <c>worker/</c> beside its own assembly. A
/// program that only references Dograh.Standalone (the tests, the benchmarks) has no such folders, and finds those of
/// Dograh.Standalone's own output through the repository above it.
/// </remarks>
public static class StackLayout
{
    /// <summary>The API's assembly, to be run with <c>dotnet exec</c>.</summary>
    /// <exception cref="StandaloneException">It has not been built.</exception>
    public static string ApiAssembly => FindService("api", "Dograh.Api.dll");

    /// <summary>The worker's assembly, to be run with <c>dotnet exec</c>.</summary>
    /// <exception cref="StandaloneException">It has not been built.</exception>
    public static string WorkerAssembly => FindService("worker", "Dograh.Worker.dll");

    /// <summary>Dograh.Standalone's own assembly, to be run with <c>dotnet exec</c>.</summary>
    public static string StandaloneAssembly => Path.Combine(AppContext.BaseDirectory, "Dograh.Standalone.dll");

    /// <summary>The <c>dotnet</c> that runs this program, and so can run the services.</summary>
    public static string DotnetHost { get; } = FindDotnetHost();

    /// <summary>The manifest of .NET local tools that names garnet-server's version, or null if there is none.</summary>
    public static string? ToolManifest
    {
        get
        {
            string?[] places =
            [
                Path.Combine(AppContext.BaseDirectory, "dotnet-tools.json"),
                Repository is null ? null : Path.Combine(Repository, ".config", "dotnet-tools.json"),
            ];
            return Array.Find(places, File.Exists);
        }
    }

    /// <summary>The folder of <c>Dograh.sln</c> above this program, or null when it runs outside the repository.</summary>
    public static string? Repository { get; } = FindRepository();

    private static string FindService(string folder, string assembly)
    {
        var places = new List<string> { Path.Combine(AppContext.BaseDirectory, folder, assembly) };
        if (Repository is not null)
        {
            var outputs = Path.Combine(Repository, "Dograh.Standalone", "bin");
            places.Add(Path.Combine(outputs, BuildOf(AppContext.BaseDirectory), folder, assembly));
        }

        return places.Find(File.Exists)
            ?? throw new StandaloneException($"{assembly} has not been built: run 'dotnet build Dograh.Standalone' first (looked for {string.Join(" and ", places)}).");
    }

    /// <summary><c>…/Dograh.Tests/bin/Release/net10.0/</c> is a <c>Release/net10.0</c> build, and so must the services be.</summary>
    private static string BuildOf(string outputDirectory)
    {
        var framework = new DirectoryInfo(outputDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(framework.Parent?.Name ?? "Debug", framework.Name);
    }

    private static string? FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Dograh.sln")))
            {
                return folder.FullName;
            }
        }

        return null;
    }

    /// <summary>
    /// The runtime lies in <c>&lt;dotnet&gt;/shared/Microsoft.NETCore.App/&lt;version&gt;/</c>, which also holds when this program was
    /// started through its own executable and <c>dotnet</c> is not on the PATH.
    /// </summary>
    private static string FindDotnetHost()
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        var host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", name));
        return File.Exists(host) ? host : name;
    }
}
