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

    /// <summary>Narrows a caller's deliveries down.</summary>
    public IQueryable<WebhookDelivery> Apply(DograhDbContext database, Caller caller)
    {
        var query = database.WebhookDeliveries.Where(x => x.OrganizationId == caller.OrganizationId);
        // A constant, not a parameter: the planner has to see that the partial indexes apply.
        if (Status is { } status) query = query.Where(x => x.Status == EF.Constant(status));
        if (WorkflowRunId is { } run) query = query.Where(x => x.WorkflowRunId == run);
        if (WorkflowId is { } workflow) query = query.Where(x => x.WorkflowId == workflow);
        if (WebhookNodeId is { } node) query = query.Where(x => x.WebhookNodeId == node);
        if (EndpointHost is { } host) query = query.Where(x => x.EndpointHost == host);
        if (CreatedAfter is { } after) query = query.Where(x => x.CreatedAt >= after);
        if (CreatedBefore is { } before) query = query.Where(x => x.CreatedAt < before);
        return query;
    }

    private static DeliveryFilter Read(Func<string, string?> find)
    {
        var faults = new Faults();
        var filter = new DeliveryFilter(
            ReadStatus(find("status"), faults), ReadId("workflow_run_id"), ReadId("workflow_id"), find("webhook_node_id"),
            find("endpoint_host")?.ToLowerInvariant(), ReadTime("created_after"), ReadTime("created_before"));
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

        DateTimeOffset? ReadTime(string name)
        {
            if (find(name) is not { } text) return null;
            if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)) return time;
            faults.Add(name, "must be an ISO 8601 time, such as 2026-01-31T12:00:00Z");
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
