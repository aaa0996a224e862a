namespace Dograh.Chaos;

/// <summary>What the command line says.</summary>
/// <param name="Minutes">How long faults happen.</param>
/// <param name="Seed">What decides which, when and to whom.</param>
/// <param name="KeepsFolder">Whether the logs are kept.</param>
internal sealed record ChaosSettings(double Minutes, int Seed, bool KeepsFolder);
