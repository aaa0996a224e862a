namespace Dograh.Webhooks.Data.Sql;

/// <summary>Takes a token away that a receiver has refused, or that cannot be opened; one that was stored since stays.</summary>
internal static class DropOAuthToken
{
    public const string Sql =
        """
        UPDATE oauth_tokens AS t
        SET encrypted_token = NULL,
            usable_until = NULL
        WHERE t.organization_id = $1 AND t.credential_uuid = $2 AND t.encrypted_token = $3
        """;
}
