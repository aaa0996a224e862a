using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Dograh.Standalone;

/// <summary>
/// The folders of one private PostgreSQL: what it keeps in the data folder, and where its cluster is.
/// </summary>
/// <remarks>
/// The cluster is in the data folder, unless PostgreSQL has to run as another user (because we are root) who cannot get there: below
/// root's home, say. Then it is in a place of its own, and <c>location</c> in the data folder says where. It is written
/// down, because the answer to "can that user get there?" may be another one tomorrow, and the data must still be found.
/// </remarks>
internal sealed class PostgresHome
{
    private const UnixFileMode Passable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly string _dataDirectory;

    private PostgresHome(string dataDirectory, string location, UnprivilegedUser? user)
    {
        _dataDirectory = dataDirectory;
        Location = location;
        User = user;
    }

    /// <summary>The folder that holds the cluster, and whatever was downloaded.</summary>
    public string Location { get; }

    /// <summary>The user that runs the server, or null for ours.</summary>
    public UnprivilegedUser? User { get; }

    /// <summary>PostgreSQL's own data folder.</summary>
    public string Cluster => Path.Combine(Location, "cluster");

    /// <summary>Where downloaded programs are kept.</summary>
    public string Downloads => Path.Combine(Location, "binaries");

    /// <summary>The version that the existing cluster can be opened with, or null if there is none yet.</summary>
    public string? ClusterMajorVersion =>
        File.Exists(Path.Combine(Cluster, "PG_VERSION")) ? File.ReadAllText(Path.Combine(Cluster, "PG_VERSION")).Trim() : null;

    /// <summary>The superuser's password, made the first time.</summary>
    public string Password => SecretFile.ReadOrMake(Path.Combine(_dataDirectory, "password"), SecretFile.NewWord);

    /// <summary>The port that was used last, or null.</summary>
    public int? LastPort
    {
        get => File.Exists(PortFile) && int.TryParse(File.ReadAllText(PortFile), CultureInfo.InvariantCulture, out var port) ? port : null;
        set => File.WriteAllText(PortFile, value?.ToString(CultureInfo.InvariantCulture) ?? "");
    }

    private string PortFile => Path.Combine(_dataDirectory, "port");

    /// <summary>Finds or chooses the place of the cluster.</summary>
    public static async Task<PostgresHome> OpenAsync(string dataDirectory, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var user = await UnprivilegedUser.ChooseAsync(cancellationToken);
        var locationFile = Path.Combine(dataDirectory, "location");
        var location = File.Exists(locationFile) ? File.ReadAllText(locationFile).Trim() : null;
        if (location is not null && !Directory.Exists(location))
        {
            throw new StandaloneException($"The database files of {dataDirectory} were in {location}, which is gone. Restore it, or remove {dataDirectory} to begin anew.");
        }

        if (location is null)
        {
            location = user is null || Directory.Exists(Path.Combine(dataDirectory, "cluster")) || await user.CanEnterAsync(dataDirectory, cancellationToken)
                ? dataDirectory
                : await ElsewhereAsync(dataDirectory, user, cancellationToken);
            if (location != dataDirectory)
            {
                progress?.Report($"PostgreSQL runs as user '{user!.Name}', who cannot enter {dataDirectory}; its files are in {location}");
                await File.WriteAllTextAsync(locationFile, location + "\n", cancellationToken);
            }
        }

        var home = new PostgresHome(dataDirectory, location, user);
        return user is not null && Directory.Exists(home.Cluster)
            ? new PostgresHome(dataDirectory, location, await user.OrOwnerOfAsync(home.Cluster, cancellationToken))
            : home;
    }

    private static async Task<string> ElsewhereAsync(string dataDirectory, UnprivilegedUser user, CancellationToken cancellationToken)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataDirectory)))[..12];
        Func<string>[] places =
        [
            () => Directory.CreateDirectory(Path.Combine("/var/lib/dograh", name)).FullName,

            // With a random name, for anyone can put a folder with an expected name there first.
            () => Directory.CreateTempSubdirectory("dograh-").FullName,
        ];
        foreach (var place in places)
        {
            try
            {
                var folder = place();
                if (!OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(folder, Passable);
                }

                if (await user.CanEnterAsync(folder, cancellationToken))
                {
                    return folder;
                }

                Directory.Delete(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next place may be better.
            }
        }

        throw new StandaloneException($"PostgreSQL has to run as user '{user.Name}', who cannot enter {dataDirectory}, /var/lib or {Path.GetTempPath()}. Choose a folder that every user can pass through with --data, or start Standalone as an ordinary user.");
    }
}
