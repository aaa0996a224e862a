namespace Dograh.Cli.Access;

/// <summary>Which server and for whom, as far as the command line says.</summary>
internal sealed record Settings(string? Url, long? Organization);
