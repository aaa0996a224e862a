using System.Globalization;

namespace Dograh.Standalone;

/// <summary>The exclusive use of a folder, until disposed or until this process ends in whatever way.</summary>
internal sealed class FolderLock : IDisposable
{
    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Takes the folder, which must exist.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="refusal">Makes the message for the case that another process has it, from the words that name that one.</param>
    /// <exception cref="StandaloneException">Another process, or another part of this one, has it.</exception>
    public static FolderLock Take(string folder, Func<string, string> refusal)
    {
        var path = Path.Combine(folder, "lock");
        try
        {
            var taken = new FolderLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            // In a file of its own, for on Windows nobody can read one that is locked.
            File.WriteAllText(HolderFile(folder), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return taken;
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            var holder = File.Exists(HolderFile(folder)) ? $"process {File.ReadAllText(HolderFile(folder)).Trim()}" : "another process";
            throw new StandaloneException(refusal(holder), e);
        }
    }

    public void Dispose() => _file.Dispose();

    private static string HolderFile(string folder) => Path.Combine(folder, "lock.pid");
}
