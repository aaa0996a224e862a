using System.Globalization;
using Dograh.Api.Http;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Api.Deliveries;

/// <summary>A delivery that a filter lets through, with the key that it is read by: <c>(created_at, id)</c> of the row whose index is walked.</summary>
internal sealed class DeliveryMatch
{
    /// <summary>When the delivery was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Its id.</summary>
    public required long Id { get; init; }

    /// <summary>The delivery itself.</summary>
    public required WebhookDelivery Delivery { get; init; }
}

/// <summary>What pages are read by.</summary>
/// <param name="CreatedAt">When the delivery was created.</param>
/// <param name="Id">Its id; ids are unique but need not be in the order of creation.</param>
internal sealed record DeliveryPageKey(DateTimeOffset CreatedAt, long Id)
{
    /// <summary>The key as a cursor.</summary>
    public string ToCursor() => PageRequest.ToCursor(CreatedAt, Id);

    /// <summary>The page of a list that begins after the key.</summary>
    public PageRequest ToPage(int limit) => new(limit, CreatedAt, Id.ToString(CultureInfo.InvariantCulture));
}
