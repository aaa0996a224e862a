namespace Dograh.Chaos.Network;

/// <summary>What is on a line at the instants at which a process may die.</summary>
internal static class Instants
{
    /// <summary>In the statement that claims.</summary>
    public const string Claim = "SET status = CASE WHEN d.leased_by IS NOT NULL";

    /// <summary>In the statement that records outcomes.</summary>
    public const string Record = "SET status = r.status";

    /// <summary>In the statement that stores completed runs.</summary>
    public const string Intake = "INSERT INTO workflow_runs";

    /// <summary>What ends a transaction, with the zero after it: a transaction may begin with READ COMMITTED.</summary>
    public const string Commit = "COMMIT\0";

    /// <summary>The command that puts a delivery into the queue.</summary>
    public const string Schedule = "ZADD";

    /// <summary>The status line of an answer that takes a run in, or several.</summary>
    public const string Accepted = "HTTP/1.1 20";
}
