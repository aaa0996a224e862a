using Dograh.Webhooks.Deliveries;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Gives claims back without counting an attempt: deferred (the row says what it waits for) or merely released.</summary>
/// <remarks>
/// Fenced by the token as a retry is. A delivery that would be deferred although it was created, or last replayed, longer ago than the
/// greatest age is dead-lettered as expired instead; releasing never does that, for our own failures are never the receiver's. The CASE keeps
/// it to the primary key, as that of a claim does.
/// </remarks>
internal static class ReturnClaims
{
    public const string Sql =
        """
        UPDATE webhook_deliveries AS d
        SET status = CASE WHEN r.waiting_for IS NOT NULL
                               AND COALESCE(d.replayed_at, d.created_at) < to_timestamp(extract(epoch FROM now())::float8 - $6)
                          THEN 'dead_letter'::webhook_delivery_status ELSE d.status END,
            last_error = CASE WHEN r.waiting_for IS NOT NULL
                                   AND COALESCE(d.replayed_at, d.created_at) < to_timestamp(extract(epoch FROM now())::float8 - $6)
                              THEN CASE WHEN r.error IS NULL THEN $7 ELSE left(r.error || '; ' || $7, 2000) END
                              ELSE COALESCE(r.error, d.last_error) END,
            waiting_for = CASE WHEN COALESCE(d.replayed_at, d.created_at) < to_timestamp(extract(epoch FROM now())::float8 - $6)
                               THEN NULL ELSE r.waiting_for END,
            scheduled_for = to_timestamp(extract(epoch FROM now())::float8 + r.delay_seconds),
            leased_by = NULL,
            updated_at = now()
        FROM unnest($1, $2, $3, $4, $5, $8) AS r (organization_id, id, token, delay_seconds, waiting_for, error)
        WHERE d.organization_id = r.organization_id
          AND d.id = r.id
          AND CASE WHEN d.status = 'pending' THEN d.leased_by IS NOT NULL AND d.claim_count = r.token ELSE false END
        RETURNING d.organization_id, d.id, d.status, d.scheduled_for
        """;

    /// <summary>What a deferral that came too late leaves in <c>last_error</c>.</summary>
    public const string ExpiredError = "expired: still deferred at the greatest age (WebhookDelivery:MaxAgeSeconds)";

    /// <summary>Runs the statement.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="claims">What to give back, sorted by key and each delivery once.</param>
    /// <param name="maxAge">The greatest age at which a delivery may be deferred.</param>
    /// <param name="cancellationToken">Leaves the claims as they are.</param>
    /// <returns>For each delivery that was written, its state and due time now.</returns>
    public static async Task<IReadOnlyDictionary<DeliveryKey, (DeliveryStatus Status, DateTimeOffset DueAt)>> ExecuteAsync(
        NpgsqlConnection connection, IReadOnlyList<ReturnedClaim> claims, TimeSpan maxAge, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, claims, claim => claim.Key.OrganizationId);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, claims, claim => claim.Key.Id);
        command.Parameters.AddArray(NpgsqlDbType.Bigint, claims, claim => claim.Token);
        command.Parameters.AddArray(NpgsqlDbType.Double, claims, claim => claim.DelaySeconds);
        command.Parameters.AddArray(NpgsqlDbType.Text, claims, claim => claim.WaitingFor);
        command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = maxAge.TotalSeconds });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = ExpiredError });
        command.Parameters.AddArray(NpgsqlDbType.Text, claims, claim => claim.Error);

        var written = new Dictionary<DeliveryKey, (DeliveryStatus, DateTimeOffset)>(claims.Count);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var key = new DeliveryKey(reader.GetInt64(0), reader.GetInt64(1));
            written[key] = (reader.GetFieldValue<DeliveryStatus>(2), reader.GetFieldValue<DateTimeOffset>(3));
        }

        return written;
    }
}
