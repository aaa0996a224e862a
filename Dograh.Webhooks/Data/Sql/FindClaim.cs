using Dograh.Webhooks.Deliveries;
using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Asks whether a claim still holds its delivery: nobody has cancelled it, nor claimed it since.</summary>
/// <remarks>Finds its row by the primary key.</remarks>
internal static class FindClaim
{
    public const string Sql =
        """
        SELECT CASE WHEN d.status = 'pending' THEN d.leased_by IS NOT NULL AND d.claim_count = $3 ELSE false END
        FROM webhook_deliveries AS d
        WHERE d.organization_id = $1 AND d.id = $2
        """;

    /// <summary>Runs the statement.</summary>
    public static async Task<bool> ExecuteAsync(NpgsqlConnection connection, DeliveryKey key, long token, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = key.OrganizationId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = key.Id });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = token });
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}
