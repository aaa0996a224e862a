using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>Which deliveries; what is null does not matter. The same in a query and in the body of what is done to many.</summary>
public record DeliveryFilter
{
    /// <summary><c>pending</c>, <c>succeeded</c>, <c>dead_letter</c> or <c>cancelled</c>.</summary>
    public string? Status { get; init; }

    public long? WorkflowRunId { get; init; }

    public long? WorkflowId { get; init; }

    public string? WebhookNodeId { get; init; }

    /// <summary>The receiver's host, without its port.</summary>
    public string? EndpointHost { get; init; }

    /// <summary>Not before this.</summary>
    public DateTimeOffset? CreatedAfter { get; init; }

    /// <summary>Before this.</summary>
    public DateTimeOffset? CreatedBefore { get; init; }

    /// <summary>The last answer's status code, or <c>none</c> where there was no answer.</summary>
    public string? StatusCode { get; init; }

    /// <summary>A text that the last error contains, in any case.</summary>
    public string? Error { get; init; }

    /// <summary>What stopped them, as the groups of dead letters name it.</summary>
    public string? Cause { get; init; }

    /// <summary>Deliveries by their ids, up to 100 of them; 1,000 for what is done to many.</summary>
    public IReadOnlyList<Guid>? DeliveryIds { get; init; }

    internal Query Apply(Query query) => query.Add("status", Status).Add("workflow_run_id", WorkflowRunId).Add("workflow_id", WorkflowId)
        .Add("webhook_node_id", WebhookNodeId).Add("endpoint_host", EndpointHost).Add("created_after", CreatedAfter).Add("created_before", CreatedBefore)
        .Add("status_code", StatusCode).Add("error", Error).Add("cause", Cause)
        .Add("delivery_ids", DeliveryIds is null ? null : string.Join(',', DeliveryIds));
}
