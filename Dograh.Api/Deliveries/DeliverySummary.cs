using System.Linq.Expressions;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Api.Deliveries;

/// <summary>What a list reads of a delivery: no payload, which may be large; and the database's time, for what it waits for.</summary>
internal sealed record DeliverySummary(
    long Id, Guid DeliveryUuid, long WorkflowRunId, long WorkflowId, string WebhookNodeId, string WebhookName, string EndpointUrl, string HttpMethod,
    DeliveryStatus Status, int AttemptCount, int MaxAttempts, DateTimeOffset ScheduledFor, int? LastStatusCode, string? LastError,
    Guid? CredentialUuid, string? TraceParent, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? DeliveredAt, string? LeasedBy,
    string? WaitingFor, DateTimeOffset Now)
{
    public static readonly Expression<Func<WebhookDelivery, DeliverySummary>> From = x => new DeliverySummary(
        x.Id, x.DeliveryUuid, x.WorkflowRunId, x.WorkflowId, x.WebhookNodeId, x.WebhookName, x.EndpointUrl, x.HttpMethod, x.Status, x.AttemptCount,
        x.MaxAttempts, x.ScheduledFor, x.LastStatusCode, x.LastError, x.CredentialUuid, x.TraceParent, x.CreatedAt, x.UpdatedAt, x.DeliveredAt,
        x.LeasedBy, x.WaitingFor, DatabaseFunctions.Now());
}
