using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>Which deliveries; what is null does not matter. The same in a query and in the body of what is done to many.</summary>
public sealed record DeliveryFilter
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

    internal Query Apply(Query query) => query.Add("status", Status).Add("workflow_run_id", WorkflowRunId).Add("workflow_id", WorkflowId)
        .Add("webhook_node_id", WebhookNodeId).Add("endpoint_host", EndpointHost).Add("created_after", CreatedAfter).Add("created_before", CreatedBefore);
}
