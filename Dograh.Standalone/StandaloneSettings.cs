namespace Dograh.Standalone;

/// <summary>What the command line says.</summary>
/// <param name="Port">The API's port; 0 means any free one.</param>
/// <param name="DataDirectory">The folder that keeps everything.</param>
/// <param name="Workers">How many workers run.</param>
/// <param name="Demo">Whether the demo is run.</param>
internal sealed record StandaloneSettings(int Port, string DataDirectory, int Workers, bool Demo);
