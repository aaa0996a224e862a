using System.Globalization;
using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Microsoft.EntityFrameworkCore;
using Condition = System.Linq.Expressions.Expression<System.Func<Dograh.Webhooks.Deliveries.WebhookDelivery, bool>>;

namespace Dograh.Api.Deliveries;

/// <summary>The filters of the list of deliveries; the same in a query and in a bulk call's body.</summary>
internal sealed record DeliveryFilter
{
    /// <summary>The filters' names.</summary>
    public static readonly string[] Names =
        ["status", "workflow_run_id", "workflow_id", "webhook_node_id", "endpoint_host", "created_after", "created_before", "status_code", "error", "cause"];

    /// <summary>The filters' names in a query.</summary>
    public static readonly string[] QueryNames = [.. Names, Ids];

    /// <summary>What is said of those that do not explain themselves.</summary>
    public static readonly IReadOnlyDictionary<string, string> Descriptions = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["status"] = "pending, succeeded, dead_letter or cancelled.",
        ["endpoint_host"] = "The receiver's host, without its port.",
        ["created_after"] = "Created at this time or later.",
        ["created_before"] = "Created earlier than this.",
        ["status_code"] = "The last answer's status code, or none where there was no answer.",
        ["error"] = "A text that the last error contains, in any case.",
        [Ids] = "Up to 100 ids, with commas between them.",
        ["cause"] = "What stopped them, as the groups of dead letters name it.",
    };

    private const string Ids = "delivery_ids";
    private const int MaxIds = 1000;

    // As many as a page; a longer request line is not taken by everybody.
    private const int MaxIdsInQuery = 100;
    private const string NoStatusCode = "none";

    public DeliveryStatus? Status { get; init; }

    public long? WorkflowRunId { get; init; }

    public long? WorkflowId { get; init; }

    public string? WebhookNodeId { get; init; }

    public string? EndpointHost { get; init; }

    public DateTimeOffset? CreatedAfter { get; init; }

    public DateTimeOffset? CreatedBefore { get; init; }

    /// <summary>The last attempt's status code, or <c>none</c> where it got no answer.</summary>
    public string? StatusCode { get; init; }

    /// <summary>A text that the last error contains, in any case.</summary>
    public string? Error { get; init; }

    /// <summary>What stopped them, as the groups of dead letters name it: see <see cref="FailureCause"/>.</summary>
    public string? Cause { get; init; }

    /// <summary>Deliveries by their public ids.</summary>
    public IReadOnlyList<Guid>? DeliveryIds { get; init; }

    /// <summary>Reads the filters from a query string.</summary>
    public static DeliveryFilter Read(HttpRequest request)
    {
        var faults = new Faults();
        var ids = Find(Ids) is { } list ? ReadIds(list.Split(','), MaxIdsInQuery, faults) : null;
        return Read(Find, faults) with { DeliveryIds = ids };

        string? Find(string name) => request.Query[name].ToString() is { Length: > 0 } text ? text : null;
    }

    /// <summary>Reads the filters from a body's fields, texts and numbers alike.</summary>
    public static DeliveryFilter Read(JsonElement body)
    {
        var faults = new Faults();
        foreach (var name in Names)
        {
            if (Find(name) is { ValueKind: not (JsonValueKind.String or JsonValueKind.Number) }) faults.Add(name, "must be a string or a number");
        }

        faults.ThrowIfAny();
        var ids = Find(Ids) is { } list ? ReadIds(list, faults) : null;
        return Read(name => Find(name)?.ToString(), faults) with { DeliveryIds = ids };

        JsonElement? Find(string name) => body.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>The caller's deliveries that match, to be read in the order of their keys: there is an index in that order for each way of looking.</summary>
    /// <remarks>
    /// A run's deliveries and those that are named are few and found by their unique keys, parked ones have their own indexes; all else is found in the listings,
    /// whose indexes are in the order of the page's key. Which columns are compared and sorted by decides which index can be walked: those of the
    /// listing, or for what is parked those of the delivery. The delivery itself is then looked up by its primary key. What no index tells is sieved on the way.
    /// </remarks>
    public DeliverySearch Apply(DograhDbContext database, Caller caller)
    {
        var deliveries = database.WebhookDeliveries.Where(x => x.OrganizationId == caller.OrganizationId);
        if (WorkflowRunId is not null || DeliveryIds is not null)
        {
            if (WorkflowRunId is { } run) deliveries = deliveries.Where(x => x.WorkflowRunId == run);
            if (DeliveryIds is { } ids) deliveries = deliveries.Where(x => ids.Contains(x.DeliveryUuid));
            return new(InTime(Keyed(deliveries.WhereAll([.. OfStatus(), .. OfListing(), .. OfAnswer(), .. OfError()]))), []);
        }

        switch (Status)
        {
            // A dead letter's host and answer have an index together.
            case DeliveryStatus.DeadLetter when EndpointHost is { } host && (StatusCode ?? Cause) is not null:
                deliveries = deliveries.Where(x => x.EndpointHost == host).WhereAll([.. OfStatus(), .. OfAnswer()]);
                return new(InTime(Keyed(deliveries)), [.. (this with { EndpointHost = null }).OfListing(), .. OfError()]);

            case DeliveryStatus.DeadLetter or DeliveryStatus.Cancelled:
                return new(InTime(Keyed(deliveries.WhereAll(OfStatus()))), [.. OfListing(), .. OfAnswer(), .. OfError()]);

            // The planner knows whether much is pending, and walks the listings, or little, and sorts it.
            case DeliveryStatus.Pending when (StatusCode ?? Cause ?? Error) is null:
                return new(InTime(Listed(database, caller, deliveries.WhereAll(OfStatus()))), []);

            default:
                return new(InTime(Listed(database, caller, deliveries)), [.. OfStatus(), .. OfAnswer(), .. OfError()]);
        }
    }

    private static IQueryable<DeliveryMatch> Keyed(IQueryable<WebhookDelivery> deliveries) =>
        deliveries.Select(x => new DeliveryMatch { CreatedAt = x.CreatedAt, Id = x.Id, Delivery = x });

    private IQueryable<DeliveryMatch> Listed(DograhDbContext database, Caller caller, IQueryable<WebhookDelivery> deliveries)
    {
        var listings = database.WebhookDeliveryListings.Where(x => x.OrganizationId == caller.OrganizationId);
        if (WorkflowId is { } workflow) listings = listings.Where(x => x.WorkflowId == workflow);
        if (WebhookNodeId is { } node) listings = listings.Where(x => x.WebhookNodeId == node);
        if (EndpointHost is { } host) listings = listings.Where(x => x.EndpointHost == host);
        return listings.Join(
            deliveries, x => new { x.OrganizationId, x.Id }, x => new { x.OrganizationId, x.Id },
            (listing, delivery) => new DeliveryMatch { CreatedAt = listing.CreatedAt, Id = listing.Id, Delivery = delivery });
    }

    private IQueryable<DeliveryMatch> InTime(IQueryable<DeliveryMatch> matching)
    {
        if (CreatedAfter is { } after) matching = matching.Where(x => x.CreatedAt >= after);
        if (CreatedBefore is { } before) matching = matching.Where(x => x.CreatedAt < before);
        return matching;
    }

    private IEnumerable<Condition> OfStatus()
    {
        // A constant, not a parameter: the planner has to see that the partial indexes apply.
        if (Status is { } status) yield return x => x.Status == EF.Constant(status);
    }

    private IEnumerable<Condition> OfListing()
    {
        if (WorkflowId is { } workflow) yield return x => x.WorkflowId == workflow;
        if (WebhookNodeId is { } node) yield return x => x.WebhookNodeId == node;
        if (EndpointHost is { } host) yield return x => x.EndpointHost == host;
    }

    private IEnumerable<Condition> OfAnswer()
    {
        if (StatusCode is not null) yield return Answered(StatusCode == NoStatusCode ? null : int.Parse(StatusCode, CultureInfo.InvariantCulture));
        if (Cause is not null) yield return Answered(FailureCause.FindStatusCode(Cause));

        static Condition Answered(int? by) => by is { } code ? x => x.LastStatusCode == code : x => x.LastStatusCode == null;
    }

    private IEnumerable<Condition> OfError()
    {
        if (Error is not null)
        {
            var pattern = $"%{Error.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("%", @"\%", StringComparison.Ordinal).Replace("_", @"\_", StringComparison.Ordinal)}%";
            yield return x => x.LastError != null && EF.Functions.ILike(x.LastError, pattern, @"\");
        }

        if (Cause is not null && FailureCause.FindStatusCode(Cause) is null) yield return FailureCause.Is(Cause);
    }

    private static DeliveryFilter Read(Func<string, string?> find, Faults faults)
    {
        var filter = new DeliveryFilter
        {
            Status = ReadStatus(find("status"), faults),
            WorkflowRunId = ReadId("workflow_run_id"),
            WorkflowId = ReadId("workflow_id"),
            WebhookNodeId = find("webhook_node_id"),
            EndpointHost = find("endpoint_host")?.ToLowerInvariant(),
            CreatedAfter = faults.ReadTime("created_after", find("created_after")),
            CreatedBefore = faults.ReadTime("created_before", find("created_before")),
            StatusCode = ReadStatusCode(find("status_code"), faults),
            Error = find("error"),
            Cause = find("cause"),
        };
        faults.CheckText("webhook_node_id", filter.WebhookNodeId);
        faults.CheckText("endpoint_host", filter.EndpointHost);
        faults.CheckText("error", filter.Error);
        faults.CheckText("cause", filter.Cause);
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

    private static string? ReadStatusCode(string? text, Faults faults)
    {
        if (text is null or NoStatusCode) return text;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code)) return code.ToString(CultureInfo.InvariantCulture);
        faults.Add("status_code", $"must be a status code, such as 503, or {NoStatusCode}");
        return null;
    }

    private static List<Guid>? ReadIds(IReadOnlyList<string> list, int most, Faults faults)
    {
        var ids = list.Select(text => Guid.TryParse(text, out var id) ? id : (Guid?)null).OfType<Guid>().ToList();
        if (list.Count <= most && ids.Count == list.Count) return ids;
        faults.Add(Ids, $"must be at most {most} ids");
        return null;
    }

    private static List<Guid>? ReadIds(JsonElement list, Faults faults)
    {
        if (list.ValueKind == JsonValueKind.Array) return ReadIds([.. list.EnumerateArray().Select(x => x.ValueKind == JsonValueKind.String ? x.GetString()! : "")], MaxIds, faults);
        faults.Add(Ids, "must be a list");
        return null;
    }
}
