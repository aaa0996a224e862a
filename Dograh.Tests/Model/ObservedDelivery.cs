using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Npgsql;

namespace Dograh.Tests.Model;

/// <summary>A row as it is, in the model's terms, and what the model does not speak of.</summary>
internal sealed record ObservedDelivery(
    DeliveryKey Key, Guid Uuid, long RunId, string Node, string PayloadHash, bool IsDelivered, bool IsListed, ModelDelivery State)
{
    // Floor and ceiling: the real clock has gone on by a small part of a unit since each of these times was written.
    private const string Sql =
        """
        SELECT d.organization_id, d.id, d.delivery_uuid, d.workflow_run_id, d.webhook_node_id, encode(sha256(convert_to(d.payload, 'UTF8')), 'hex'), d.delivered_at IS NOT NULL,
               EXISTS (SELECT FROM webhook_delivery_listings l WHERE l.organization_id = d.organization_id AND l.id = d.id),
               d.attempts_per_replay, d.max_attempts, d.status, d.attempt_count, d.claim_count::int, d.lost_claims, d.leased_by,
               ceil(extract(epoch FROM d.scheduled_for - now()) / $2::float8)::int,
               floor(extract(epoch FROM now() - coalesce(d.replayed_at, d.created_at)) / $2::float8)::int,
               d.replayed_at IS NOT NULL, d.waiting_for, d.last_status_code,
               coalesce((SELECT string_agg(a.number || ':' || coalesce(a.status_code::text, '-'), ' ' ORDER BY a.number)
                         FROM webhook_delivery_attempts a WHERE a.organization_id = d.organization_id AND a.delivery_id = d.id), '')
        FROM webhook_deliveries d
        WHERE d.organization_id = ANY ($1)
        ORDER BY d.organization_id, d.id
        """;

    /// <summary>All deliveries of some organizations, by key.</summary>
    public static async Task<IReadOnlyList<ObservedDelivery>> ReadAsync(TestDatabase database, long[] organizations, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(Sql);
        command.Parameters.Add(new NpgsqlParameter { Value = organizations });
        command.Parameters.Add(new NpgsqlParameter { Value = ModelTime.UnitSeconds });
        var rows = new List<ObservedDelivery>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var state = new ModelDelivery
            {
                AttemptsPerReplay = reader.GetInt32(8),
                MaxAttempts = reader.GetInt32(9),
                Status = reader.GetFieldValue<DeliveryStatus>(10),
                Attempts = reader.GetInt32(11),
                Claims = reader.GetInt32(12),
                LostClaims = reader.GetInt32(13),
                LeasedBy = reader.IsDBNull(14) ? null : reader.GetString(14),
                DueIn = reader.GetInt32(15),
                Age = reader.GetInt32(16),
                IsReplayed = reader.GetBoolean(17),
                WaitingFor = reader.IsDBNull(18) ? null : reader.GetString(18),
                LastStatusCode = reader.IsDBNull(19) ? null : reader.GetInt32(19),
                Log = reader.GetString(20),
            };
            rows.Add(new ObservedDelivery(
                new DeliveryKey(reader.GetInt64(0), reader.GetInt64(1)), reader.GetGuid(2), reader.GetInt64(3), reader.GetString(4), reader.GetString(5),
                reader.GetBoolean(6), reader.GetBoolean(7), state));
        }

        return rows;
    }
}
