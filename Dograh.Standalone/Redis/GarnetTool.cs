using System.Text.Json;

namespace Dograh.Standalone;

/// <summary>The restored .NET tool <c>garnet-server</c>.</summary>
/// <remarks>
/// Its assembly is run directly: <c>dotnet tool run</c> would stand between us and the server, and signals would end the former only.
/// </remarks>
/// <param name="Assembly">The path of the server's assembly.</param>
/// <param name="Version">The version that the tool manifest asks for.</param>
internal sealed record GarnetTool(string Assembly, string Version)
{
    private const string Package = "garnet-server";

    /// <summary>Finds the tool among the NuGet packages; if it is not there, restores it.</summary>
    /// <exception cref="StandaloneException">There is no manifest, or the package cannot be had.</exception>
    public static async Task<GarnetTool> RestoreAsync(IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var manifest = StackLayout.ToolManifest
            ?? throw new StandaloneException("There is no .config/dotnet-tools.json that says which Garnet to use.");
        var version = VersionIn(manifest)
            ?? throw new StandaloneException($"{manifest} does not name the tool {Package}.");
        if (Find(UsualPackageDirectory, version) is { } found)
        {
            return found;
        }

        progress?.Report($"Restoring the .NET tool {Package} {version}");
        var restore = await CommandRun.OfAsync(
            [StackLayout.DotnetHost, "tool", "restore", "--tool-manifest", manifest], Path.GetDirectoryName(manifest), cancellationToken);
        return Find(UsualPackageDirectory, version)
            ?? Find(await AskForPackageDirectoryAsync(manifest, cancellationToken), version)
            ?? throw new StandaloneException($"The .NET tool {Package} {version} could not be restored ('dotnet tool restore'):\n{restore.Complaint}");
    }

    private static string UsualPackageDirectory =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } configured
            ? configured
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static GarnetTool? Find(string packageDirectory, string version)
    {
        var tools = Path.Combine(packageDirectory, Package, version, "tools");
        var assembly = Directory.Exists(tools)
            ? Directory.EnumerateFiles(tools, "DotnetToolSettings.xml", SearchOption.AllDirectories)
                .Select(settings => Path.Combine(Path.GetDirectoryName(settings)!, "GarnetServer.dll"))
                .Where(File.Exists)
                .Order(StringComparer.Ordinal)
                .LastOrDefault() // of several frameworks, the newest
            : null;
        return assembly is null ? null : new GarnetTool(assembly, version);
    }

    /// <summary>A NuGet configuration may put packages anywhere: <c>global-packages: /somewhere/packages/</c>.</summary>
    private static async Task<string> AskForPackageDirectoryAsync(string manifest, CancellationToken cancellationToken)
    {
        var answer = await CommandRun.OfAsync(
            [StackLayout.DotnetHost, "nuget", "locals", "global-packages", "--list"], Path.GetDirectoryName(manifest), cancellationToken);
        return answer.Output.Split(':', 2)[^1].Trim();
    }

    private static string? VersionIn(string manifest)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(manifest));
        return document.RootElement.GetProperty("tools").TryGetProperty(Package, out var tool) ? tool.GetProperty("version").GetString() : null;
    }
}
