using NpgsqlTypes;

namespace Dograh.Webhooks.Deliveries;

/// <summary>A delivery's state; the PostgreSQL enum <c>webhook_delivery_status</c>.</summary>
public enum DeliveryStatus
{
    /// <summary>To be attempted once it is due; leased while a worker attempts it.</summary>
    [PgName("pending")]
    Pending,

    /// <summary>A receiver answered 2xx.</summary>
    [PgName("succeeded")]
    Succeeded,

    /// <summary>Not tried again unless someone replays it.</summary>
    [PgName("dead_letter")]
    DeadLetter,

    /// <summary>Stopped by its owner before it was delivered.</summary>
    [PgName("cancelled")]
    Cancelled,
}
