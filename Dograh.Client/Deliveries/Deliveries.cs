using System.Text.Json;

namespace Dograh.Client;

/// <summary>A delivery in the list.</summary>
public record Delivery(
    Guid Id, long WorkflowRunId, long WorkflowId, string WebhookNodeId, string WebhookName, string EndpointUrl, string HttpMethod, string Status,
    int AttemptCount, int MaxAttempts, DateTimeOffset? ScheduledFor, int? LastStatusCode, string? LastError, Guid? CredentialUuid, string? TraceId,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? DeliveredAt, WaitingFor? WaitingFor);

/// <summary>A delivery with everything.</summary>
public sealed record DeliveryDetail(
    Guid Id, long WorkflowRunId, long WorkflowId, string WebhookNodeId, string WebhookName, string EndpointUrl, string HttpMethod, string Status,
    int AttemptCount, int MaxAttempts, DateTimeOffset? ScheduledFor, int? LastStatusCode, string? LastError, Guid? CredentialUuid, string? TraceId,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? DeliveredAt, WaitingFor? WaitingFor,
    JsonElement? Payload, JsonElement? CustomHeaders, IReadOnlyList<Attempt> Attempts)
    : Delivery(
        Id, WorkflowRunId, WorkflowId, WebhookNodeId, WebhookName, EndpointUrl, HttpMethod, Status, AttemptCount, MaxAttempts, ScheduledFor, LastStatusCode,
        LastError, CredentialUuid, TraceId, CreatedAt, UpdatedAt, DeliveredAt, WaitingFor);

/// <summary>What a pending delivery waits for.</summary>
/// <param name="Reason"><c>schedule</c>, <c>retry</c>, <c>circuit</c>, <c>concurrency</c>, <c>throttled</c> or <c>worker</c>.</param>
/// <param name="Until">Until when, if that is known.</param>
public sealed record WaitingFor(string Reason, DateTimeOffset? Until);

/// <summary>One request to the receiver and what came of it.</summary>
public sealed record Attempt(
    int Number, DateTimeOffset StartedAt, double DurationMs, int? StatusCode, string? Error, JsonElement? ResponseHeaders, string? ResponseBody, string? TraceId,
    string Worker);

/// <summary>How many deliveries match.</summary>
/// <param name="Count">How many.</param>
/// <param name="IsExact">False if there may be more: too many to be counted while somebody waits.</param>
public sealed record DeliveryCount(long Count, bool IsExact);

/// <summary>What a delivery's next attempt will send.</summary>
/// <param name="Outcome"><c>would_send</c>, or <c>invalid</c> if it cannot be sent as things are.</param>
/// <param name="Reason">Why not.</param>
/// <param name="AttemptNumber">The number of the attempt.</param>
/// <param name="Method">The method.</param>
/// <param name="Url">The URL.</param>
/// <param name="Headers">The headers, secrets masked as <c>***</c>.</param>
/// <param name="Body">The exact body; null for a method that has none.</param>
public sealed record DeliveryRequest(
    string Outcome, string? Reason, int AttemptNumber, string Method, string Url, IReadOnlyDictionary<string, string>? Headers, string? Body);
