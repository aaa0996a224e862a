using System.Globalization;

namespace Dograh.Standalone;

/// <summary>How the server is called, and what its complaints mean.</summary>
internal sealed record PostgresCommand(PostgresHome Home, PostgresBinaries Binaries, PostgresServerOptions Options, int Port, string LogFile)
{
    // Worth another try: the port was taken between our look and the server's bind, or the processes of a server that was
    // killed a moment ago have not all noticed yet.
    private static readonly string[] PortComplaints = ["Address already in use", "could not bind"];
    private static readonly string[] PassingComplaints = ["is still in use", "lock file \"postmaster.pid\" already exists"];

    /// <summary>The command, with all settings on it: the cluster's own file stays as initdb made it.</summary>
    public ChildCommand ToChildCommand() => new()
    {
        Executable = Binaries.Program("postgres"),
        Arguments = ["-D", Home.Cluster, .. Settings().SelectMany(setting => new[] { "-c", $"{setting.Key}={setting.Value}" })],
        Environment = new Dictionary<string, string?> { ["LC_ALL"] = "C" },
        WorkingDirectory = Home.Location,
        LogFile = LogFile,
        StopSignal = UnixSignal.Interrupt, // its fast mode
        User = Home.User,
    };

    /// <summary>Whether a server that has just ended with this log could start now.</summary>
    public static bool MayWorkNextTime(string log, bool portIsFixed) =>
        PassingComplaints.Any(complaint => log.Contains(complaint, StringComparison.Ordinal))
        || (!portIsFixed && PortComplaints.Any(complaint => log.Contains(complaint, StringComparison.Ordinal)));

    private Dictionary<string, string> Settings()
    {
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = "", // none: nothing to clean up, and no path that may be too long
            ["max_connections"] = "200",
            ["fsync"] = Options.Durable ? "on" : "off",
            ["synchronous_commit"] = "on", // always: a server that is killed loses no commit, only a machine that stops may
            ["full_page_writes"] = Options.Durable ? "on" : "off",
            ["logging_collector"] = "off",
            ["log_line_prefix"] = "%m [%p] ",
        };
        foreach (var (name, value) in Options.Settings)
        {
            settings[name] = value;
        }

        return settings;
    }
}
