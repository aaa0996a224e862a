namespace Dograh.Standalone;

/// <summary>The files that children write their output to.</summary>
internal static class LogFiles
{
    /// <summary>Begins a log anew; the one before is kept as <c>….previous</c>.</summary>
    public static string Begin(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (File.Exists(path))
        {
            File.Move(path, path + ".previous", overwrite: true);
        }

        return path;
    }

    /// <summary>Reads what was written after a position, while the child may still be writing.</summary>
    public static string ReadFrom(string path, long position)
    {
        if (!File.Exists(path))
        {
            return "";
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = Math.Min(position, stream.Length);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>How long the log is now.</summary>
    public static long Length(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;

    /// <summary>The end of a text, line by line with an indent, for a message.</summary>
    public static string LastLines(string text, int count)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return string.Join('\n', lines.TakeLast(count).Select(line => "  " + line));
    }
}
