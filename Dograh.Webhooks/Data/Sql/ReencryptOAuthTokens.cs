namespace Dograh.Webhooks.Data.Sql;

/// <summary>Reads and replaces encrypted access tokens, a page of the primary key at a time; only what still is as it was read.</summary>
internal static class ReencryptOAuthTokens
{
    public const string ReadSql =
        """
        SELECT t.organization_id, t.credential_uuid, t.encrypted_token, ''
        FROM oauth_tokens AS t
        WHERE (t.organization_id, t.credential_uuid) > ($1, $2) AND t.encrypted_token IS NOT NULL
        ORDER BY t.organization_id, t.credential_uuid
        LIMIT $3
        """;

    public const string WriteSql =
        """
        UPDATE oauth_tokens AS t
        SET encrypted_token = r.after
        FROM unnest($1, $2, $3, $4) AS r (organization_id, id, before, after)
        WHERE t.organization_id = r.organization_id AND t.credential_uuid = r.id AND t.encrypted_token = r.before
        """;
}
