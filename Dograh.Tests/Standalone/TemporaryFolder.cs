namespace Dograh.Tests.Standalone;

/// <summary>A folder that other users can pass through (PostgreSQL's, when the tests run as root), gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Directory.CreateDirectory(Path);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"dograh-test-{Guid.NewGuid():N}");

    public string Below(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
