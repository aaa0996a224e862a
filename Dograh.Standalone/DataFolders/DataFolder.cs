namespace Dograh.Standalone;

/// <summary>The folder that keeps everything between starts, taken for this process alone.</summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FolderLock _folderLock;

    private DataFolder(string path, FolderLock folderLock)
    {
        Path = path;
        _folderLock = folderLock;
    }

    /// <summary>The folder's full path.</summary>
    public string Path { get; }

    /// <summary>Where children write their output.</summary>
    public string Logs => Below("logs");

    /// <summary>The private database.</summary>
    public string Postgres => Below("postgres");

    /// <summary>Where the private Redis or Garnet runs.</summary>
    public string Redis => Below("redis");

    /// <summary>What the demo remembers.</summary>
    public string DemoState => Below("demo.json");

    /// <summary>The key that protects the secrets in the database.</summary>
    public string MasterKey => Below("master-key");

    /// <summary>The operator's API key.</summary>
    public string AdminKey => Below("admin-key");

    /// <summary>Makes the folder if it does not exist, and takes it.</summary>
    /// <exception cref="StandaloneException">Another start is using it.</exception>
    public static DataFolder Open(string path)
    {
        if (File.Exists(path))
        {
            throw new StandaloneException($"{path} is a file; the data needs a folder. Choose another one with --data.");
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else if (!Directory.Exists(path))
        {
            // As root, the database's user must be able to pass through to its own folder; there is still nothing else it can read.
            var mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            Directory.CreateDirectory(path, Environment.IsPrivilegedProcess ? mode | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute : mode);
        }

        return new DataFolder(path, FolderLock.Take(path, holder =>
            $"Dograh Standalone already runs on {path} ({holder}). Stop that one, or choose another folder with --data (and another port with --port)."));
    }

    /// <summary>Begins the log of a child anew.</summary>
    public string BeginLog(string name) => LogFiles.Begin(System.IO.Path.Combine(Logs, name + ".log"));

    /// <summary>Where a child's process id is remembered.</summary>
    public string PidFile(string name) => System.IO.Path.Combine(Below("run"), name + ".pid");

    /// <summary>Stops the children of an earlier start that could not stop them itself. The database's are its own affair.</summary>
    /// <returns>The names of those that were still running.</returns>
    public async Task<IReadOnlyList<string>> StopLeftoversAsync(CancellationToken cancellationToken)
    {
        var run = Below("run");
        if (!Directory.Exists(run))
        {
            return [];
        }

        var stopped = new List<string>();
        foreach (var file in Directory.EnumerateFiles(run, "*.pid"))
        {
            if (await PidFiles.StopLeftoverAsync(file, cancellationToken))
            {
                stopped.Add(System.IO.Path.GetFileNameWithoutExtension(file));
            }
        }

        return stopped;
    }

    public void Dispose() => _folderLock.Dispose();

    private string Below(string name) => System.IO.Path.Combine(Path, name);
}
