using Dograh.Webhooks.Deliveries;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Replays deliveries: pending again, with a fresh set of attempts, under the same id and with the same payload.</summary>
/// <remarks>
/// Numbering goes on. <c>claim_count</c> rises too, so that the late word of a worker which held the row before it was cancelled or parked
/// finds its token spent. One whose payload has been removed stays as it is: there is nothing left to send. Finds its rows by the primary key.
/// </remarks>
public static class ReplayDeliveries
{
    /// <summary>The statement.</summary>
    public const string Sql =
        """
        UPDATE webhook_deliveries AS d
        SET status = 'pending',
            max_attempts = d.attempt_count + d.attempts_per_replay,
            claim_count = d.claim_count + 1,
            lost_claims = 0,
            leased_by = NULL,
            waiting_for = NULL,
            delivered_at = NULL,
            scheduled_for = to_timestamp(extract(epoch FROM now())::float8 + r.delay_seconds),
            replayed_at = to_timestamp(extract(epoch FROM now())::float8 + r.delay_seconds),
            updated_at = now()
        FROM unnest($2, $3) AS r (id, delay_seconds)
        WHERE d.organization_id = $1
          AND d.id = r.id
          AND d.status = ANY ($4)
          AND d.payload IS NOT NULL
        RETURNING d.id, d.scheduled_for
        """;

    /// <summary>An organization's pace belongs to one transaction until its end. A statement of its own: the next one then sees what the transaction before has scheduled.</summary>
    /// <remarks>Two numbers are never the same lock as one, of which the other locks are. Where two organizations have the same hash they wait for each other.</remarks>
    public const string PaceLockSql = "SELECT pg_advisory_xact_lock($1, hashint8($2))";

    /// <summary>Until when deliveries that were replayed before are still to become due, and a step on: where the next bulk replay's pace begins.</summary>
    public const string PacedUntilSql =
        """
        SELECT GREATEST(0, extract(epoch FROM max(scheduled_for) - now())::float8 + $2)
        FROM webhook_deliveries
        WHERE organization_id = $1 AND status = 'pending' AND replayed_at = scheduled_for AND scheduled_for > now() - make_interval(secs => $2)
        """;

    private const int PaceLock = 0x7061_6365;

    /// <summary>The states that may be replayed.</summary>
    public static readonly DeliveryStatus[] Replayable = [DeliveryStatus.DeadLetter, DeliveryStatus.Cancelled, DeliveryStatus.Succeeded];

    /// <summary>Replays those of the rows that are in one of the states.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="organizationId">Whose they are.</param>
    /// <param name="rows">Ids, in their order, each with its wait in seconds.</param>
    /// <param name="from">The states to replay from.</param>
    /// <param name="cancellationToken">Replays nothing.</param>
    /// <returns>What was replayed, with the new due times.</returns>
    public static async Task<IReadOnlyList<DueDelivery>> ExecuteAsync(
        NpgsqlConnection connection, long organizationId, IReadOnlyList<(long Id, double DelaySeconds)> rows, DeliveryStatus[] from,
        CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = organizationId });
        command.Parameters.AddArray(NpgsqlDbType.Bigint, rows, row => row.Id);
        command.Parameters.AddArray(NpgsqlDbType.Double, rows, row => row.DelaySeconds);
        command.Parameters.AddStatuses(from, status => status);
        var replayed = new List<DueDelivery>(rows.Count);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            replayed.Add(new DueDelivery(new DeliveryKey(organizationId, reader.GetInt64(0)), reader.GetFieldValue<DateTimeOffset>(1)));
        }

        return replayed;
    }

    /// <summary>Takes the organization's pace until the end of the transaction, waiting for other bulk replays of the organization to end.</summary>
    /// <param name="connection">An open connection, in a transaction.</param>
    /// <param name="organizationId">Whose pace it is.</param>
    /// <param name="stepSeconds">How far apart due times are.</param>
    /// <param name="cancellationToken">Does not take it.</param>
    /// <returns>How many seconds from now the first delivery may be due: a step after the last one of an earlier bulk replay.</returns>
    public static async Task<double> TakePaceAsync(NpgsqlConnection connection, long organizationId, double stepSeconds, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(PaceLockSql) { Parameters = { new NpgsqlParameter<int> { TypedValue = PaceLock }, new NpgsqlParameter<long> { TypedValue = organizationId } } },
                new(PacedUntilSql) { Parameters = { new NpgsqlParameter<long> { TypedValue = organizationId }, new NpgsqlParameter<double> { TypedValue = stepSeconds } } },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetDouble(0);
    }
}
