namespace Dograh.Standalone;

/// <summary>Finds programs by name.</summary>
internal static class Executables
{
    /// <summary>The folders of the PATH, in its order.</summary>
    public static IReadOnlyList<string> PathDirectories =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>The first of the folders that has the program.</summary>
    /// <param name="name">The program, without <c>.exe</c>.</param>
    /// <param name="directories">The folders to look in; those that do not exist are passed over.</param>
    /// <returns>Its full path, or null.</returns>
    public static string? Find(string name, IEnumerable<string> directories) =>
        directories.Select(directory => Path.Combine(directory, WithSuffix(name))).FirstOrDefault(File.Exists);

    /// <summary>The program on the PATH, or in the folders of system programs that a user's PATH often leaves out.</summary>
    public static string? Find(string name) =>
        Find(name, OperatingSystem.IsWindows() ? PathDirectories : [.. PathDirectories, "/usr/local/sbin", "/usr/sbin", "/sbin"]);

    /// <summary>The file name of a program: with <c>.exe</c> on Windows.</summary>
    public static string WithSuffix(string name) => OperatingSystem.IsWindows() ? name + ".exe" : name;
}
