namespace Dograh.Standalone;

/// <summary>Decides which PostgreSQL is run: one that is installed, or else one that is downloaded.</summary>
internal static class PostgresSource
{
    /// <summary>Finds the programs for a home, in the version of its cluster if it has one.</summary>
    /// <exception cref="StandaloneException">There are none, and none can be had; the message has the ways out.</exception>
    public static async Task<PostgresBinaries> FindAsync(
        PostgresHome home, PostgresServerOptions options, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var needed = home.ClusterMajorVersion;
        var directories = options.SearchDirectories ?? PostgresBinaries.DefaultSearchDirectories();
        var (found, unsuitable) = await PostgresBinaries.FindAsync([.. directories, .. PostgresBinaries.Downloaded(home.Downloads)], needed, home.User, cancellationToken);
        if (found is not null)
        {
            return found;
        }

        var downloadFault = "";
        if (options.AllowDownload)
        {
            progress?.Report($"Found no PostgreSQL {needed ?? "server"} on this machine; downloading one to {home.Downloads}");
            try
            {
                return await PostgresBinaries.DownloadAsync(home.Downloads, needed, home.User, cancellationToken);
            }
            catch (StandaloneException e)
            {
                downloadFault = $" Downloading it failed: {e.Message.TrimEnd('.')}.";
            }
        }

        throw new StandaloneException(Refusal(home, needed, unsuitable, downloadFault));
    }

    private static string Refusal(PostgresHome home, string? needed, IReadOnlyList<string> unsuitable, string downloadFault)
    {
        var beginning = needed is null
            ? "No PostgreSQL server programs (postgres, initdb, pg_ctl) were found on the PATH or in the usual places."
            : $"The data in {home.Cluster} is of PostgreSQL {needed}, and no server programs of that version were found (found: {(unsuitable.Count == 0 ? "none" : string.Join(", ", unsuitable))}).";
        var install = needed is null ? "postgresql" : $"postgresql-{needed} or postgresql@{needed}";
        return $"""
            {beginning}{downloadFault}
            Three ways out:
              1. Install PostgreSQL with your package manager ({install}), or put its bin folder on the PATH.
              2. Use a server you have: set ConnectionStrings__dograhdb, such as "Host=localhost;Username=me;Password=...;Database=dograhdb".
              3. Give this machine access to the internet once, so that Standalone can download PostgreSQL by itself.
            """;
    }
}
