namespace Dograh.Webhooks.Data.Sql;

/// <summary>Gives a lease back without a token, and says until when nobody asks again.</summary>
internal static class FailOAuthToken
{
    public const string Sql =
        """
        UPDATE oauth_tokens AS t
        SET retry_at = to_timestamp(extract(epoch FROM now())::float8 + $4),
            failures = t.failures + 1,
            error = $5,
            is_refused = $6,
            lease = NULL,
            leased_until = NULL
        WHERE t.organization_id = $1 AND t.credential_uuid = $2 AND t.lease = $3
        """;
}
