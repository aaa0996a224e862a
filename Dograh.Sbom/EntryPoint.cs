namespace Dograh.Sbom;

/// <summary>Writes the bill of materials of what is shipped: <c>./sbom [file]</c>.</summary>
internal static class EntryPoint
{
    private static async Task<int> Main(string[] args)
    {
        if (args is not [var root, var file])
        {
            await Console.Error.WriteLineAsync("Usage: Dograh.Sbom <repository> <file>");
            return 2;
        }

        try
        {
            var packages = ShippedPackages.Read(root);
            await File.WriteAllTextAsync(file, CycloneDx.Write(packages));
            await Console.Out.WriteLineAsync($"{file}: {packages.Count} packages, {string.Join(", ", Licences(packages))}");
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            await Console.Error.WriteLineAsync($"There is no bill of materials: {e.Message}");
            return 1;
        }
    }

    private static IEnumerable<string> Licences(IEnumerable<ShippedPackage> packages) =>
        packages.CountBy(package => package.Licence).OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Value} {count.Key}");
}
