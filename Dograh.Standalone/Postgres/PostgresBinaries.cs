using System.Globalization;
using System.Text.RegularExpressions;
using MysticMind.PostgresEmbed;

namespace Dograh.Standalone;

/// <summary>The programs of one PostgreSQL installation.</summary>
/// <param name="Directory">The folder of <c>postgres</c>, <c>initdb</c> and <c>pg_ctl</c>.</param>
/// <param name="Version">The version as the server tells it, such as 17.6.</param>
internal sealed partial record PostgresBinaries(string Directory, string Version)
{
    /// <summary>Exact, so that no start depends on what was published yesterday, or on being able to ask.</summary>
    private const string DownloadedVersion = "17.6.0";

    private static readonly string[] Programs = ["postgres", "initdb", "pg_ctl"];

    // The parts with a star are versions; the newest is tried first.
    private static readonly string[] UsualPlaces = OperatingSystem.IsWindows()
        ? [Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "PostgreSQL", "*", "bin")]
        :
        [
            "/usr/lib/postgresql/*/bin",
            "/usr/pgsql-*/bin",
            "/opt/homebrew/opt/postgresql@*/bin",
            "/opt/homebrew/opt/postgresql/bin",
            "/usr/local/opt/postgresql@*/bin",
            "/usr/local/opt/postgresql/bin",
            "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
            "/Applications/Postgres.app/Contents/Versions/*/bin",
            "/usr/local/pgsql/bin",
        ];

    /// <summary>The part of the version that decides whether two installations can open the same data.</summary>
    public string MajorVersion => Version.Split('.')[0];

    /// <summary>The path of one of the programs.</summary>
    public string Program(string name) => Path.Combine(Directory, Executables.WithSuffix(name));

    /// <summary>The folders of the PATH, then the usual places of each operating system.</summary>
    public static IReadOnlyList<string> DefaultSearchDirectories() =>
        [.. Executables.PathDirectories, .. UsualPlaces.SelectMany(Expand)];

    /// <summary>Finds an installation.</summary>
    /// <param name="directories">Where to look, best first.</param>
    /// <param name="majorVersion">The only version that will do, because there is data of it; null if any will.</param>
    /// <param name="user">The user that must be able to run it, or null for ours.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The first that suits, or null; and the versions that were found and do not suit.</returns>
    public static async Task<(PostgresBinaries? Found, IReadOnlyList<string> Unsuitable)> FindAsync(
        IEnumerable<string> directories, string? majorVersion, UnprivilegedUser? user, CancellationToken cancellationToken)
    {
        var unsuitable = new List<string>();
        foreach (var directory in directories.Where(HasPrograms))
        {
            if (await InspectAsync(directory, user, cancellationToken) is not { } binaries)
            {
                continue;
            }

            if (majorVersion is null || binaries.MajorVersion == majorVersion)
            {
                return (binaries, unsuitable);
            }

            unsuitable.Add($"{binaries.Version} in {directory}");
        }

        return (null, unsuitable);
    }

    /// <summary>The folders of what was downloaded at earlier starts.</summary>
    public static IEnumerable<string> Downloaded(string directory) => Expand(Path.Combine(directory, "*", "bin"));

    /// <summary>Downloads an installation.</summary>
    /// <exception cref="StandaloneException">It could not be downloaded.</exception>
    public static async Task<PostgresBinaries> DownloadAsync(
        string directory, string? majorVersion, UnprivilegedUser? user, CancellationToken cancellationToken)
    {
        string programs;
        try
        {
            await using var server = new PgServer(new PgServerOptions
            {
                PgVersion = majorVersion is null || DownloadedVersion.StartsWith(majorVersion + ".", StringComparison.Ordinal) ? DownloadedVersion : majorVersion,
                DbDir = directory,
                BinariesDir = directory,
            });
            await server.InstallAsync(cancellationToken);
            programs = server.PgBinDir;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new StandaloneException(e.Message, e);
        }

        return await InspectAsync(programs, user, cancellationToken)
            ?? throw new StandaloneException($"what was downloaded to {programs} does not run on this machine");
    }

    private static bool HasPrograms(string directory) =>
        Programs.All(program => File.Exists(Path.Combine(directory, Executables.WithSuffix(program))));

    /// <summary>Also tells whether the programs run at all: for this machine, and for that user.</summary>
    private static async Task<PostgresBinaries?> InspectAsync(string directory, UnprivilegedUser? user, CancellationToken cancellationToken)
    {
        string[] ask = [Path.Combine(directory, Executables.WithSuffix("postgres")), "--version"];
        try
        {
            var run = await CommandRun.OfAsync([.. user?.Wrap(ask) ?? ask], Path.GetPathRoot(directory), cancellationToken);

            // postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)
            return VersionPattern().Match(run.Output) is { Success: true } match ? new(directory, match.Groups["version"].Value) : null;
        }
        catch (StandaloneException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Expand(string pattern)
    {
        var star = pattern.IndexOf('*', StringComparison.Ordinal);
        if (star < 0)
        {
            return [pattern];
        }

        var parent = Path.GetDirectoryName(pattern[..(star + 1)])!;
        var rest = Path.GetFileName(pattern);
        if (!System.IO.Directory.Exists(parent))
        {
            return [];
        }

        var folders = System.IO.Directory.GetDirectories(parent, Path.GetFileName(pattern[..(star + 1)]));
        return folders.OrderByDescending(NumberIn).Select(folder => Path.Combine(folder, rest));
    }

    private static double NumberIn(string folder) =>
        NumberPattern().Match(Path.GetFileName(folder)) is { Success: true } match
            ? double.Parse(match.Value, CultureInfo.InvariantCulture)
            : 0;

    [GeneratedRegex(@"\(PostgreSQL\) (?<version>\d+[.\d]*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex VersionPattern();

    [GeneratedRegex(@"\d+(\.\d+)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NumberPattern();
}
