namespace Dograh.Standalone;

/// <summary>How a private PostgreSQL server is started.</summary>
public sealed record PostgresServerOptions
{
    /// <summary>The port to listen on. Null takes the one used before in the same folder if it is still free, and else any free one.</summary>
    public int? Port { get; init; }

    /// <summary>The folders in which the server's programs are looked for, in this order. Null means the PATH and the usual places.</summary>
    public IReadOnlyList<string>? SearchDirectories { get; init; }

    /// <summary>Whether PostgreSQL may be downloaded when its programs are not found.</summary>
    /// <value>Default true.</value>
    public bool AllowDownload { get; init; } = true;

    /// <summary>Whether a commit waits for the disk.</summary>
    /// <value>Default true. False is faster and loses data when the machine (not just the server) crashes: for tests only.</value>
    public bool Durable { get; init; } = true;

    /// <summary>Where the server writes its log.</summary>
    /// <value>Default: <c>postgres.log</c> in the data folder.</value>
    public string? LogFile { get; init; }

    /// <summary>Further settings of <c>postgresql.conf</c>, by name; they win over ours.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>How long the server may take until it accepts connections; recovery after a crash is part of it.</summary>
    /// <value>Default 2 minutes.</value>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromMinutes(2);
}
