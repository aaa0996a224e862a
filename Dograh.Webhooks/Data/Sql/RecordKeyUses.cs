using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Notes when API keys were last used, unless that was noted within the last minute: several APIs write once between them.</summary>
/// <remarks>Finds its rows by the primary key; a batch is sorted by it, so that two APIs lock the keys they share in the same order.</remarks>
public static class RecordKeyUses
{
    internal const string Sql =
        """
        UPDATE api_keys AS k
        SET last_used_at = to_timestamp(extract(epoch FROM now())::float8 - u.seconds_ago)
        FROM unnest($1, $2, $3) AS u (organization_id, id, seconds_ago)
        WHERE k.organization_id = u.organization_id
          AND k.id = u.id
          AND (k.last_used_at IS NULL OR k.last_used_at < to_timestamp(extract(epoch FROM now())::float8 - 60))
        """;

    /// <summary>Runs the statement.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="uses">The keys, each once, and how many seconds ago each was used.</param>
    /// <param name="timeoutSeconds">How long the statement may take.</param>
    /// <param name="cancellationToken">Notes nothing.</param>
    public static async Task ExecuteAsync(
        NpgsqlConnection connection, IReadOnlyList<(long OrganizationId, Guid KeyId, double SecondsAgo)> uses, int timeoutSeconds, CancellationToken cancellationToken)
    {
        var sorted = uses.OrderBy(use => (use.OrganizationId, use.KeyId)).ToList();
        await using var command = new NpgsqlCommand(Sql, connection) { CommandTimeout = timeoutSeconds };
        command.Parameters.AddArray(NpgsqlDbType.Bigint, sorted, use => use.OrganizationId);
        command.Parameters.AddArray(NpgsqlDbType.Uuid, sorted, use => use.KeyId);
        command.Parameters.AddArray(NpgsqlDbType.Double, sorted, use => use.SecondsAgo);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
