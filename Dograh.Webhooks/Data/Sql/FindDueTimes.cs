using Dograh.Webhooks.Deliveries;
using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Reads when the pending ones among the given keys are due: what to put back into the queue for hints that came too early.</summary>
/// <remarks>Finds its rows by the primary key; the CASE keeps it to that, as a claim's does.</remarks>
internal static class FindDueTimes
{
    public const string Sql =
        """
        SELECT d.organization_id, d.id, d.scheduled_for
        FROM unnest($1, $2) AS k (organization_id, id)
        JOIN webhook_deliveries AS d ON d.organization_id = k.organization_id AND d.id = k.id
        WHERE CASE WHEN d.status = 'pending' THEN true ELSE false END
        """;

    /// <summary>Runs the statement; keys that are not pending are left out.</summary>
    public static async Task<IReadOnlyList<DueDelivery>> ExecuteAsync(
        NpgsqlConnection connection, IReadOnlyList<DeliveryKey> keys, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.AddKeys(keys);
        var due = new List<DueDelivery>(keys.Count);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            due.Add(new DueDelivery(new DeliveryKey(reader.GetInt64(0), reader.GetInt64(1)), reader.GetFieldValue<DateTimeOffset>(2)));
        }

        return due;
    }
}
