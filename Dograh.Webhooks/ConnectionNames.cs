namespace Dograh.Webhooks;

/// <summary>The names under <c>ConnectionStrings</c> by which Api and Worker find their stores, and by which the AppHost gives them.</summary>
public static class ConnectionNames
{
    /// <summary>PostgreSQL: the source of truth.</summary>
    public const string Database = "dograhdb";

    /// <summary>Redis, or anything that speaks its protocol: the schedule of due deliveries.</summary>
    public const string Redis = "redis";
}
