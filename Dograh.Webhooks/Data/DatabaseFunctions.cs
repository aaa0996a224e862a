namespace Dograh.Webhooks.Data;

/// <summary>Functions that exist only within a query.</summary>
public static class DatabaseFunctions
{
    /// <summary>PostgreSQL's <c>now()</c>: time is the database's.</summary>
    /// <exception cref="NotSupportedException">It was called outside a query.</exception>
    public static DateTimeOffset Now() => throw new NotSupportedException("now() exists only within a query.");
}
