using System.Net.Sockets;
using Npgsql;

namespace Dograh.Webhooks.Data;

/// <summary>Tells PostgreSQL's own troubles from those of a statement.</summary>
/// <remarks>EF Core wraps transient failures in exceptions of its own, so the inner ones are looked at too.</remarks>
public static class DatabaseFailure
{
    /// <summary>Whether the server cannot be reached, is starting or stopping, is full, or lacks the database: waiting may help.</summary>
    public static bool IsUnreachable(Exception exception) => exception switch
    {
        // 08 connection, 53 resources, 58 the system below PostgreSQL (I/O), 57P shutdown.
        PostgresException e => e.SqlState[..2] is "08" or "53" or "58" || e.SqlState.StartsWith("57P", StringComparison.Ordinal)
            || e.SqlState is PostgresErrorCodes.InvalidCatalogName,
        NpgsqlException or SocketException or TimeoutException => true,
        { InnerException: { } inner } => IsUnreachable(inner),
        _ => false,
    };

    /// <summary>Whether it is a row's own data that PostgreSQL refuses, and would refuse again.</summary>
    /// <remarks>Data exceptions (class 22), broken constraints (23) and exceeded limits (54).</remarks>
    public static bool IsOfTheData(Exception exception) => exception is PostgresException { SqlState: var state } && state[..2] is ("22" or "23" or "54");

    /// <summary>Whether the server has other things to do just now: it is read-only (failing over), locked or contended, or has given a statement up.</summary>
    public static bool IsBusy(Exception exception) => exception switch
    {
        PostgresException e => e.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable,
        { InnerException: { } inner } => IsBusy(inner),
        _ => false,
    };

    /// <summary>Whether a request could not be served for PostgreSQL's sake, and can be sent again: also read-only, busy, or not migrated yet.</summary>
    public static bool IsUnavailable(Exception exception) => exception switch
    {
        PostgresException
        {
            SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedObject or PostgresErrorCodes.UndefinedColumn,
        } => true,
        PostgresException e => IsBusy(e) || IsUnreachable(e),
        _ when IsUnreachable(exception) => true,
        { InnerException: { } inner } => IsUnavailable(inner),
        _ => false,
    };
}
