using System.Globalization;
using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Deliveries;

/// <summary>The filters of the list of deliveries; the same in a query and in a bulk replay's body.</summary>
internal sealed record DeliveryFilter(
    DeliveryStatus? Status, long? WorkflowRunId, long? WorkflowId, string? WebhookNodeId, string? EndpointHost, DateTimeOffset? CreatedAfter,
    DateTimeOffset? CreatedBefore)
{
    /// <summary>The filters' names.</summary>
    public static readonly string[] Names =
        ["status", "workflow_run_id", "workflow_id", "webhook_node_id", "endpoint_host", "created_after", "created_before"];

    /// <summary>Reads the filters from a query string.</summary>
    public static DeliveryFilter Read(HttpRequest request) => Read(name => request.Query[name].ToString() is { Length: > 0 } text ? text : null);

    /// <summary>Reads the filters from a body's fields, texts and numbers alike.</summary>
    public static DeliveryFilter Read(JsonElement body)
    {
        var faults = new Faults();
        foreach (var name in Names)
        {
            if (Find(name) is { ValueKind: not (JsonValueKind.String or JsonValueKind.Number) }) faults.Add(name, "must be a string or a number");
        }

        faults.ThrowIfAny();
        return Read(name => Find(name)?.ToString());

        JsonElement? Find(string name) => body.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    private bool IsOfParked => Status is DeliveryStatus.DeadLetter or DeliveryStatus.Cancelled;

    private bool IsOfListing => WorkflowId is not null || WebhookNodeId is not null || EndpointHost is not null;

    /// <summary>The caller's deliveries that match, to be read in the order of their keys: there is an index in that order for each filter.</summary>
    /// <remarks>
    /// A run's deliveries are few and found by its unique key, parked ones have their own index; all else is found in the listings, whose
    /// indexes are in the order of the page's key. Which columns are compared and sorted by decides which index can be walked: those of the
    /// listing, or for what is parked those of the delivery. The delivery itself is then looked up by its primary key.
    /// </remarks>
    public IQueryable<DeliveryMatch> Apply(DograhDbContext database, Caller caller)
    {
        var deliveries = database.WebhookDeliveries.Where(x => x.OrganizationId == caller.OrganizationId);
        // A constant, not a parameter: the planner has to see that the partial indexes apply.
        if (Status is { } status) deliveries = deliveries.Where(x => x.Status == EF.Constant(status));
        if (WorkflowRunId is { } run) deliveries = deliveries.Where(x => x.WorkflowRunId == run);

        IQueryable<DeliveryMatch> matching;
        if (WorkflowRunId is not null || (IsOfParked && !IsOfListing))
        {
            if (WorkflowId is { } workflow) deliveries = deliveries.Where(x => x.WorkflowId == workflow);
            if (WebhookNodeId is { } node) deliveries = deliveries.Where(x => x.WebhookNodeId == node);
            if (EndpointHost is { } host) deliveries = deliveries.Where(x => x.EndpointHost == host);
            matching = deliveries.Select(x => new DeliveryMatch { CreatedAt = x.CreatedAt, Id = x.Id, Delivery = x });
        }
        else
        {
            var listings = database.WebhookDeliveryListings.Where(x => x.OrganizationId == caller.OrganizationId);
            if (WorkflowId is { } workflow) listings = listings.Where(x => x.WorkflowId == workflow);
            if (WebhookNodeId is { } node) listings = listings.Where(x => x.WebhookNodeId == node);
            if (EndpointHost is { } host) listings = listings.Where(x => x.EndpointHost == host);
            var listed = listings.Join(
                deliveries, x => new { x.OrganizationId, x.Id }, x => new { x.OrganizationId, x.Id }, (listing, delivery) => new { listing, delivery });
            matching = IsOfParked
                ? listed.Select(x => new DeliveryMatch { CreatedAt = x.delivery.CreatedAt, Id = x.delivery.Id, Delivery = x.delivery })
                : listed.Select(x => new DeliveryMatch { CreatedAt = x.listing.CreatedAt, Id = x.listing.Id, Delivery = x.delivery });
        }

        if (CreatedAfter is { } after) matching = matching.Where(x => x.CreatedAt >= after);
        if (CreatedBefore is { } before) matching = matching.Where(x => x.CreatedAt < before);
        return matching;
    }

    private static DeliveryFilter Read(Func<string, string?> find)
    {
        var faults = new Faults();
        var filter = new DeliveryFilter(
            ReadStatus(find("status"), faults), ReadId("workflow_run_id"), ReadId("workflow_id"), find("webhook_node_id"),
            find("endpoint_host")?.ToLowerInvariant(), faults.ReadTime("created_after", find("created_after")),
            faults.ReadTime("created_before", find("created_before")));
        faults.CheckText("webhook_node_id", filter.WebhookNodeId);
        faults.CheckText("endpoint_host", filter.EndpointHost);
        faults.ThrowIfAny();
        return filter;

        long? ReadId(string name)
        {
            if (find(name) is not { } text) return null;
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return id;
            faults.Add(name, "must be an id: a whole number");
            return null;
        }
    }

    private static DeliveryStatus? ReadStatus(string? text, Faults faults)
    {
        if (text is null) return null;
        foreach (var status in Enum.GetValues<DeliveryStatus>())
        {
            if (JsonNamingPolicy.SnakeCaseLower.ConvertName(status.ToString()) == text) return status;
        }

        faults.Add("status", "must be pending, succeeded, dead_letter or cancelled");
        return null;
    }
}
