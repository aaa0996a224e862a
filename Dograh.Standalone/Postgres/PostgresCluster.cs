using System.Globalization;

namespace Dograh.Standalone;

/// <summary>The steps around a cluster that are done while its server does not run.</summary>
internal static class PostgresCluster
{
    /// <summary>The superuser of every cluster made here.</summary>
    public const string Superuser = "dograh";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes the cluster. It appears under its name only when it is complete, so an interrupted start leaves nothing half made.</summary>
    /// <exception cref="StandaloneException">initdb failed; the message says why.</exception>
    public static async Task MakeAsync(PostgresHome home, PostgresBinaries binaries, bool durable, CancellationToken cancellationToken)
    {
        var unfinished = home.Cluster + ".new";
        var passwordFile = Path.Combine(home.Location, "password.initdb");
        if (Directory.Exists(unfinished))
        {
            Directory.Delete(unfinished, recursive: true);
        }

        Directory.CreateDirectory(unfinished);
        SecretFile.Write(passwordFile, home.Password);
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(unfinished, OwnerOnly);
                home.User?.Own(unfinished);
                home.User?.Own(passwordFile);
            }

            string[] initdb =
            [
                binaries.Program("initdb"), "--pgdata", unfinished, "--username", Superuser, "--pwfile", passwordFile,
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", .. durable ? Array.Empty<string>() : ["--no-sync"],
            ];
            var run = await CommandRun.OfAsync([.. home.User?.Wrap(initdb) ?? initdb], home.Location, cancellationToken);
            if (!run.Succeeded)
            {
                throw new StandaloneException($"PostgreSQL could not make a database cluster in {home.Location} (initdb of {binaries.Directory}):\n{run.Complaint}");
            }
        }
        finally
        {
            File.Delete(passwordFile);
        }

        Directory.Move(unfinished, home.Cluster);
    }

    /// <summary>
    /// Stops the server that a killed start left behind, which PostgreSQL's own <c>postmaster.pid</c> tells of.
    /// </summary>
    /// <remarks>
    /// The file also outlives a crash of the machine or the container, and then its process id is anybody's, our own even. A
    /// process that is not called postgres is not the server: the file is removed, because PostgreSQL would believe it.
    /// The caller has the folder's lock, so no server is starting there.
    /// </remarks>
    /// <returns>Whether there was such a server.</returns>
    public static async Task<bool> StopLeftoverAsync(PostgresHome home, CancellationToken cancellationToken)
    {
        if (ReadProcessId(home) is not { } processId)
        {
            return false;
        }

        if (PidFiles.IsAlive(processId) && IsPostgres(processId))
        {
            await PidFiles.StopAsync(processId, UnixSignal.Interrupt, cancellationToken);
            return true;
        }

        File.Delete(PidFileOf(home));
        return false;
    }

    /// <summary>The id of the server's main process while it runs, as it wrote it down itself.</summary>
    public static int? ReadProcessId(PostgresHome home)
    {
        try
        {
            var first = File.ReadLines(PidFileOf(home)).FirstOrDefault();
            return int.TryParse(first, CultureInfo.InvariantCulture, out var processId) && processId > 0 ? processId : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string PidFileOf(PostgresHome home) => Path.Combine(home.Cluster, "postmaster.pid");

    private static bool IsPostgres(int processId)
    {
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(processId);
            return process.ProcessName.Contains("postgres", StringComparison.OrdinalIgnoreCase)
                || process.ProcessName.Contains("postmaster", StringComparison.OrdinalIgnoreCase);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }
}
