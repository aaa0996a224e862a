using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dograh.Cli.Access;

/// <summary>Who is signed in, kept in a file that its owner alone may read.</summary>
internal sealed record SavedLogin(string Url, string ApiKey, long? Organization)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Where it is kept: in the user's folder for settings (<c>XDG_CONFIG_HOME</c>, or <c>~/.config</c>; <c>%AppData%</c>).</summary>
    public static string Path { get; } = System.IO.Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "dograh", "login.json");

    /// <summary>Whether others may read it.</summary>
    public static bool IsOpenToOthers => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(Path) & ~OwnerOnly) != UnixFileMode.None;

    /// <summary>Reads it; null if nobody is signed in.</summary>
    /// <exception cref="CliException">It is not what it should be.</exception>
    public static SavedLogin? Read()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path), SavedLoginJson.Default.SavedLogin) is { Url: not null, ApiKey: not null } saved
                ? saved
                : throw new JsonException("It says neither where nor with which key.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is JsonException or UnauthorizedAccessException or IOException)
        {
            throw new CliException(ExitCodes.NotSignedIn, $"{Path} cannot be read: {e.Message}", "Sign in again: dograh login");
        }
    }

    /// <summary>Keeps it in place of the one before.</summary>
    public void Save()
    {
        var folder = Directory.GetParent(Path)!.FullName;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        // Whole or not at all, and at no moment open to others.
        var draft = $"{Path}.{Environment.ProcessId}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(draft, options)) JsonSerializer.Serialize(file, this, SavedLoginJson.Default.SavedLogin);
        File.Move(draft, Path, overwrite: true);
    }

    /// <summary>Forgets it.</summary>
    /// <returns>Whether there was one.</returns>
    public static bool Delete()
    {
        if (!File.Exists(Path)) return false;
        File.Delete(Path);
        return true;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(SavedLogin))]
internal sealed partial class SavedLoginJson : JsonSerializerContext;
