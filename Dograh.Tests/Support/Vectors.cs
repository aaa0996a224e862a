using System.Text.Json;

namespace Dograh.Tests.Support;

/// <summary>The golden vectors, made by running the original implementation.</summary>
internal static class Vectors
{
    /// <summary>A list of <c>pipeline.json</c>.</summary>
    public static IReadOnlyList<JsonElement> Pipeline(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Vectors", "pipeline.json")));
        return [.. document.RootElement.GetProperty(name).Clone().EnumerateArray()];
    }
}
