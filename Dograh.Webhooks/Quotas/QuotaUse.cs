using Dograh.Webhooks.Data.Sql;
using Npgsql;

namespace Dograh.Webhooks.Quotas;

/// <summary>How much an organization uses of its quotas just now. It decides nothing: <see cref="QuotaMeter"/> does, by counts of its own.</summary>
/// <param name="DeliveriesPerMinute">Deliveries of the last minute.</param>
/// <param name="PendingDeliveries">Deliveries that are pending.</param>
public readonly record struct QuotaUse(long DeliveriesPerMinute, long PendingDeliveries)
{
    private const int TimeoutSeconds = 5;

    /// <summary>Counts, no further than to the limits; what has no limit is not counted.</summary>
    public static async Task<QuotaUse> ReadAsync(NpgsqlConnection connection, long organizationId, QuotaLimits limits)
    {
        if (limits is { DeliveriesPerMinute: 0, PendingDeliveries: 0 }) return default;
        var (created, _, pending) = await ReadUsage.ExecuteAsync(connection, organizationId, limits.DeliveriesPerMinute, limits.PendingDeliveries, TimeoutSeconds);
        return new QuotaUse(created, pending);
    }
}
