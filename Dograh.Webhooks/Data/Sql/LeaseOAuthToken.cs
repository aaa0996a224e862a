namespace Dograh.Webhooks.Data.Sql;

/// <summary>Takes the right to fetch a credential's token, unless there is a usable one, somebody else is at it, or the endpoint is to be left alone.</summary>
/// <remarks>
/// By the primary key. A token of another version of the credential stands in nobody's way. What is leased ends by itself, and only its holder may write
/// what came of it: whoever was stopped for so long writes nothing.
/// </remarks>
internal static class LeaseOAuthToken
{
    public const string Sql =
        """
        INSERT INTO oauth_tokens AS t (organization_id, credential_uuid, credential_hash, lease, leased_until)
        VALUES ($1, $2, $3, $4, to_timestamp(extract(epoch FROM now())::float8 + $5))
        ON CONFLICT (organization_id, credential_uuid) DO UPDATE
        SET credential_hash = EXCLUDED.credential_hash,
            lease = EXCLUDED.lease,
            leased_until = EXCLUDED.leased_until,
            encrypted_token = NULL,
            fetched_at = NULL,
            usable_until = NULL,
            retry_at = NULL,
            error = NULL,
            is_refused = false,
            failures = CASE WHEN t.credential_hash = EXCLUDED.credential_hash THEN t.failures ELSE 0 END
        WHERE t.credential_hash <> EXCLUDED.credential_hash
           OR ((t.leased_until IS NULL OR t.leased_until <= now())
               AND (t.retry_at IS NULL OR t.retry_at <= now())
               AND (t.usable_until IS NULL OR t.usable_until <= now()))
        RETURNING t.failures
        """;
}
