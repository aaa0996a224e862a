namespace Dograh.Webhooks.Data.Sql;

/// <summary>Reads and replaces what is encrypted of signing secrets, a page of the primary key at a time; only what still is as it was read.</summary>
internal static class ReencryptSigningSecrets
{
    public const string ReadSql =
        """
        SELECT s.organization_id, s.id, s.encrypted_secret, ''
        FROM signing_secrets AS s
        WHERE (s.organization_id, s.id) > ($1, $2)
        ORDER BY s.organization_id, s.id
        LIMIT $3
        """;

    public const string WriteSql =
        """
        UPDATE signing_secrets AS s
        SET encrypted_secret = r.after
        FROM unnest($1, $2, $3, $4) AS r (organization_id, id, before, after)
        WHERE s.organization_id = r.organization_id AND s.id = r.id AND s.encrypted_secret = r.before
        """;
}
