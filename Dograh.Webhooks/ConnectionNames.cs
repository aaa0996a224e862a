namespace Dograh.Webhooks;

/// <summary>The names under which the AppHost hands out connections and <c>ConnectionStrings</c> finds them.</summary>
public static class ConnectionNames
{
    /// <summary>PostgreSQL: <c>ConnectionStrings:dograhdb</c>.</summary>
    public const string Database = "dograhdb";

    /// <summary>Redis, Valkey or Garnet: <c>ConnectionStrings:redis</c>.</summary>
    public const string Redis = "redis";
}
