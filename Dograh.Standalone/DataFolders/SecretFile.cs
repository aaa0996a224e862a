using System.Buffers.Text;
using System.Security.Cryptography;

namespace Dograh.Standalone;

/// <summary>Files that only their owner can read.</summary>
internal static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads a secret; the first time, makes it.</summary>
    public static string ReadOrMake(string path, Func<string> make)
    {
        if (Read(path) is { Length: > 0 } kept)
        {
            return kept;
        }

        var made = make();
        Write(path, made);
        return made;
    }

    /// <summary>Reads a secret, or null if there is none.</summary>
    public static string? Read(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : null;

    /// <summary>Writes a secret, entirely or not at all.</summary>
    public static void Write(string path, string secret)
    {
        var unfinished = path + ".new";
        File.Delete(unfinished); // a file that exists would keep its mode
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (var writer = new StreamWriter(unfinished, options))
        {
            writer.WriteLine(secret);
        }

        File.Move(unfinished, path, overwrite: true);
    }

    /// <summary>32 random bytes, in base64 as <c>SECRETS_MASTER_KEY</c> wants them.</summary>
    public static string NewMasterKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>A random word that can be typed into a URL, a header and a connection string.</summary>
    public static string NewWord() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));
}
