using Dograh.Webhooks.Deliveries;
using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Claims what is due among the given keys: one conditional update for the whole batch.</summary>
/// <remarks>
/// Only this update decides who may send (I3, I5): of any number of workers that ask for a row at once, the first to lock it moves
/// <c>scheduled_for</c> into the future, and the others' condition, looked at again after the wait, no longer holds. It raises
/// <c>claim_count</c>, the fencing token. A claim that finds <c>leased_by</c> still set follows one that ended without a word, and
/// counts it; past <see cref="DeliveryTransitions.MaxLostClaims"/> the row is dead-lettered in place of being claimed. Finds its rows by
/// the primary key and by nothing else: written as a CASE, the condition fits no partial index, or statistics from when little was due would have a batch walk
/// all that is due now, each time. <c>to_timestamp</c> over epoch seconds instead of an interval: see ADR 4.
/// </remarks>
internal static class ClaimDeliveries
{
    public const string Sql =
        """
        UPDATE webhook_deliveries AS d
        SET status = CASE WHEN d.leased_by IS NOT NULL AND d.lost_claims >= $5 THEN 'dead_letter'::webhook_delivery_status ELSE d.status END,
            scheduled_for = to_timestamp(extract(epoch FROM now())::float8 + d.timeout_seconds + $4),
            claim_count = d.claim_count + 1,
            lost_claims = CASE WHEN d.leased_by IS NOT NULL THEN d.lost_claims + 1 ELSE d.lost_claims END,
            leased_by = CASE WHEN d.leased_by IS NOT NULL AND d.lost_claims >= $5 THEN NULL ELSE $3 END,
            last_error = CASE WHEN d.leased_by IS NOT NULL AND d.lost_claims >= $5 THEN $6 ELSE d.last_error END,
            waiting_for = NULL,
            updated_at = now()
        FROM unnest($1, $2) AS k (organization_id, id)
        WHERE d.organization_id = k.organization_id
          AND d.id = k.id
          AND CASE WHEN d.status = 'pending' THEN d.scheduled_for <= now() ELSE false END
        RETURNING d.organization_id, d.id, d.leased_by, d.claim_count, d.delivery_uuid, d.workflow_run_id, d.endpoint_url,
                  d.http_method, d.payload, d.custom_headers, d.credential_uuid, d.attempt_count, d.max_attempts, d.base_delay_seconds,
                  d.max_delay_seconds, d.timeout_seconds, d.scheduled_for, d.trace_parent, d.created_at, d.workflow_id, d.webhook_node_id
        """;

    /// <summary>Runs the statement.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="keys">The keys to try, sorted and each once.</param>
    /// <param name="worker">Who claims.</param>
    /// <param name="leaseMargin">How much longer than its attempt's deadline each lease lasts.</param>
    /// <param name="cancellationToken">Not to be cancelled while rows may be claimed: they would be stranded until the lease ends.</param>
    public static async Task<ClaimResult> ExecuteAsync(
        NpgsqlConnection connection, IReadOnlyList<DeliveryKey> keys, string worker, TimeSpan leaseMargin, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.AddKeys(keys);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = worker });
        command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = leaseMargin.TotalSeconds });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = DeliveryTransitions.MaxLostClaims });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = PoisonError });

        var claimed = new List<ClaimedDelivery>(keys.Count);
        var poisoned = new List<ClaimedDelivery>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            // Whoever claims a row holds it, but for one that is dead-lettered in place of being claimed.
            var rows = reader.IsDBNull(2) ? poisoned : claimed;
            rows.Add(new ClaimedDelivery
            {
                Key = new DeliveryKey(reader.GetInt64(0), reader.GetInt64(1)),
                Token = reader.GetInt64(3),
                DeliveryUuid = reader.GetGuid(4),
                WorkflowRunId = reader.GetInt64(5),
                WorkflowId = reader.GetInt64(19),
                WebhookNodeId = reader.GetString(20),
                EndpointUrl = reader.GetString(6),
                HttpMethod = reader.GetString(7),
                Payload = reader.GetFieldValue<byte[]>(8),
                CustomHeaders = reader.GetString(9),
                CredentialUuid = reader.IsDBNull(10) ? null : reader.GetGuid(10),
                AttemptCount = reader.GetInt32(11),
                MaxAttempts = reader.GetInt32(12),
                BaseDelaySeconds = reader.GetDouble(13),
                MaxDelaySeconds = reader.GetDouble(14),
                Timeout = TimeSpan.FromSeconds(reader.GetDouble(15)),
                LeaseUntil = reader.GetFieldValue<DateTimeOffset>(16),
                TraceParent = reader.IsDBNull(17) ? null : reader.GetString(17),
                CreatedAt = reader.GetFieldValue<DateTimeOffset>(18),
            });
        }

        claimed.Sort(static (a, b) => a.Key.CompareTo(b.Key));
        return new ClaimResult(claimed, poisoned);
    }

    private static readonly string PoisonError =
        $"poison: {DeliveryTransitions.MaxLostClaims + 1} claims ended without a word from their worker; the attempts of this delivery may be what ends them";
}
