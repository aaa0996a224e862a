namespace Dograh.Chaos;

internal static class EntryPoint
{
    private static Task<int> Main() => Task.FromResult(0);
}
