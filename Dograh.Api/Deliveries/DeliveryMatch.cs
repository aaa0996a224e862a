using Dograh.Api.Http;
using Dograh.Webhooks.Deliveries;
using Microsoft.EntityFrameworkCore;

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

/// <summary>Reading matches a page at a time, each page from where the one before ended.</summary>
internal static class DeliveryMatches
{
    /// <summary>A page of the list, and one more.</summary>
    public static IQueryable<DeliverySummary> NewestFirst(this IQueryable<DeliveryMatch> matching, PageRequest page)
    {
        if (!page.IsFirst)
        {
            var (createdAt, id) = (page.CreatedAt, page.IdAsNumber);
            matching = matching.Where(x => EF.Functions.LessThan(ValueTuple.Create(x.CreatedAt, x.Id), ValueTuple.Create(createdAt, id)));
        }

        return matching.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Id).Take(page.Limit + 1).Select(x => x.Delivery).Select(DeliverySummary.From);
    }

    /// <summary>The keys after a key.</summary>
    /// <param name="matching">Of what.</param>
    /// <param name="after">The last key of the page before; null for the first page.</param>
    /// <param name="limit">The page's size; no row means that there are no more.</param>
    public static IQueryable<DeliveryPageKey> OldestFirst(this IQueryable<DeliveryMatch> matching, DeliveryPageKey? after, int limit)
    {
        if (after is not null)
        {
            var (createdAt, id) = after;
            matching = matching.Where(x => EF.Functions.GreaterThan(ValueTuple.Create(x.CreatedAt, x.Id), ValueTuple.Create(createdAt, id)));
        }

        return matching.OrderBy(x => x.CreatedAt).ThenBy(x => x.Id).Take(limit).Select(x => new DeliveryPageKey(x.CreatedAt, x.Id));
    }
}

/// <summary>What pages are read by.</summary>
/// <param name="CreatedAt">When the delivery was created.</param>
/// <param name="Id">Its id; ids are unique but need not be in the order of creation.</param>
internal sealed record DeliveryPageKey(DateTimeOffset CreatedAt, long Id);
