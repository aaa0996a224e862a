namespace Dograh.Webhooks.Data.Sql;

/// <summary>Reads how it stands with a credential's token, by its primary key: there is one, or until when there will be none.</summary>
internal static class ReadOAuthToken
{
    public const string Sql =
        """
        SELECT CASE WHEN t.usable_until > now() THEN t.encrypted_token END,
               t.fetched_at,
               extract(epoch FROM t.retry_at - now())::float8,
               t.error,
               t.is_refused,
               COALESCE(t.leased_until > now(), false)
        FROM oauth_tokens AS t
        WHERE t.organization_id = $1 AND t.credential_uuid = $2 AND t.credential_hash = $3
        """;
}
