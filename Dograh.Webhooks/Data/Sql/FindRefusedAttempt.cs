namespace Dograh.Webhooks.Data.Sql;

/// <summary>When an attempt ended that was answered 401, by its primary key; asked for only after another 401.</summary>
internal static class FindRefusedAttempt
{
    public const string Sql =
        """
        SELECT a.started_at + make_interval(secs => a.duration_ms / 1000)
        FROM webhook_delivery_attempts AS a
        WHERE a.organization_id = $1 AND a.delivery_id = $2 AND a.number = $3 AND a.status_code = 401
        """;
}
