namespace Dograh.Bench;

/// <summary>What the command line says.</summary>
/// <param name="Scenarios">The scenarios to run, each once, in the order in which they are run.</param>
/// <param name="Size">How much is measured.</param>
/// <param name="Output">The folder that the reports are written to.</param>
/// <param name="Minutes">How long a soak lasts.</param>
/// <param name="PerSecond">How many runs a second a soak sends.</param>
/// <param name="Environment">What is added to the environment of the API and the workers.</param>
internal sealed record BenchSettings(
    IReadOnlyList<string> Scenarios, BenchSize Size, string Output, double Minutes, double PerSecond, IReadOnlyDictionary<string, string?> Environment);
