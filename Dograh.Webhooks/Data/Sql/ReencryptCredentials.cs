namespace Dograh.Webhooks.Data.Sql;

/// <summary>Reads and replaces what is encrypted of credentials, deleted ones too, a page of the primary key at a time.</summary>
/// <remarks>Only what still is as it was read is replaced: whoever changes it meanwhile has sealed it anew. The access token goes with its credential's new version.</remarks>
internal static class ReencryptCredentials
{
    public const string ReadSql =
        """
        SELECT c.organization_id, c.uuid, c.encrypted_data, c.credential_type
        FROM external_credentials AS c
        WHERE (c.organization_id, c.uuid) > ($1, $2)
        ORDER BY c.organization_id, c.uuid
        LIMIT $3
        """;

    public const string WriteSql =
        """
        UPDATE external_credentials AS c
        SET encrypted_data = r.after
        FROM unnest($1, $2, $3, $4) AS r (organization_id, id, before, after)
        WHERE c.organization_id = r.organization_id AND c.uuid = r.id AND c.encrypted_data = r.before
        """;

    public const string KeepTokensSql =
        """
        UPDATE oauth_tokens AS t
        SET credential_hash = sha256(r.after)
        FROM unnest($1, $2, $3, $4) AS r (organization_id, id, before, after)
        WHERE t.organization_id = r.organization_id AND t.credential_uuid = r.id AND t.credential_hash = sha256(r.before)
        """;
}
