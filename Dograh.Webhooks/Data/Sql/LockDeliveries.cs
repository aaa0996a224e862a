using Dograh.Webhooks.Deliveries;
using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Locks those of the given rows that nobody else has locked, and tells which somebody has.</summary>
/// <remarks>
/// For a batch that has waited for a row already: what is left of it is then written in the same transaction, and waits for nobody. Not what a batch begins with: to lock
/// rows before they are written costs as much WAL again. Finds its rows by the primary key.
/// </remarks>
internal static class LockDeliveries
{
    public const string Sql =
        """
        WITH free AS MATERIALIZED (
            SELECT d.organization_id, d.id
            FROM unnest($1, $2) AS k (organization_id, id)
            JOIN webhook_deliveries AS d ON d.organization_id = k.organization_id AND d.id = k.id
            FOR NO KEY UPDATE OF d SKIP LOCKED
        )
        SELECT d.organization_id, d.id
        FROM unnest($1, $2) AS k (organization_id, id)
        JOIN webhook_deliveries AS d ON d.organization_id = k.organization_id AND d.id = k.id
        LEFT JOIN free AS f ON f.organization_id = d.organization_id AND f.id = d.id
        WHERE f.id IS NULL
        """;

    /// <summary>Runs the statement.</summary>
    /// <param name="connection">A connection in a transaction.</param>
    /// <param name="keys">The rows, sorted by key and each once.</param>
    /// <param name="cancellationToken">Locks nothing.</param>
    /// <returns>Those that are locked by somebody else.</returns>
    public static async Task<IReadOnlySet<DeliveryKey>> ExecuteAsync(
        NpgsqlConnection connection, IReadOnlyList<DeliveryKey> keys, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.AddKeys(keys);
        var locked = new HashSet<DeliveryKey>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) locked.Add(new DeliveryKey(reader.GetInt64(0), reader.GetInt64(1)));
        return locked;
    }
}
