namespace Dograh.Webhooks.Data.Sql;

/// <summary>Stores a token that was fetched under a lease that still is the holder's.</summary>
/// <remarks>Nothing is written once the credential was changed or deleted: its row is gone, or another's lease is on it.</remarks>
internal static class StoreOAuthToken
{
    public const string Sql =
        """
        UPDATE oauth_tokens AS t
        SET encrypted_token = $4,
            fetched_at = now(),
            usable_until = to_timestamp(extract(epoch FROM now())::float8 + $5),
            retry_at = to_timestamp(extract(epoch FROM now())::float8 + $6),
            failures = 0,
            lease = NULL,
            leased_until = NULL
        WHERE t.organization_id = $1 AND t.credential_uuid = $2 AND t.lease = $3
        RETURNING t.fetched_at
        """;
}
