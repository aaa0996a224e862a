using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Telemetry;

namespace Dograh.Api.Deliveries;

/// <summary>A delivery as the list shows it: without its payload.</summary>
internal record DeliveryView
{
    public required Guid Id { get; init; }

    public required long WorkflowRunId { get; init; }

    public required long WorkflowId { get; init; }

    public required string WebhookNodeId { get; init; }

    public required string WebhookName { get; init; }

    public required string EndpointUrl { get; init; }

    public required string HttpMethod { get; init; }

    public required DeliveryStatus Status { get; init; }

    public required int AttemptCount { get; init; }

    public required int MaxAttempts { get; init; }

    public required DateTimeOffset ScheduledFor { get; init; }

    public required int? LastStatusCode { get; init; }

    public required string? LastError { get; init; }

    public required Guid? CredentialUuid { get; init; }

    public required string? TraceId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public required DateTimeOffset? DeliveredAt { get; init; }

    public required WaitingForView? WaitingFor { get; init; }

    public static DeliveryView Of(DeliverySummary x) => new()
    {
        Id = x.DeliveryUuid,
        WorkflowRunId = x.WorkflowRunId,
        WorkflowId = x.WorkflowId,
        WebhookNodeId = x.WebhookNodeId,
        WebhookName = x.WebhookName,
        EndpointUrl = x.EndpointUrl,
        HttpMethod = x.HttpMethod,
        Status = x.Status,
        AttemptCount = x.AttemptCount,
        MaxAttempts = x.MaxAttempts,
        ScheduledFor = x.ScheduledFor,
        LastStatusCode = x.LastStatusCode,
        LastError = x.LastError,
        CredentialUuid = x.CredentialUuid,
        TraceId = DograhTelemetry.TraceIdOf(x.TraceParent),
        CreatedAt = x.CreatedAt,
        UpdatedAt = x.UpdatedAt,
        DeliveredAt = x.DeliveredAt,
        WaitingFor = WaitingForView.Of(x),
    };
}

/// <summary>What a pending delivery waits for.</summary>
/// <param name="Reason">One of <see cref="WaitingReason"/>.</param>
/// <param name="Until">When that ends; null if nobody knows.</param>
internal sealed record WaitingForView(string Reason, DateTimeOffset? Until)
{
    public static WaitingForView? Of(DeliverySummary x)
    {
        if (x.Status != DeliveryStatus.Pending) return null;
        // Leased: a worker has it, until it says more or its lease ends.
        if (x.LeasedBy is not null) return new WaitingForView(WaitingReason.Worker, x.ScheduledFor);
        if (x.ScheduledFor <= x.Now) return new WaitingForView(WaitingReason.Worker, Until: null);
        return new WaitingForView(x.WaitingFor ?? (x.AttemptCount > 0 ? WaitingReason.Retry : WaitingReason.Schedule), x.ScheduledFor);
    }
}

/// <summary>A delivery with everything that is known of it.</summary>
[method: SetsRequiredMembers]
internal sealed record DeliveryDetailView(DeliveryView Summary, WebhookDelivery Row, IReadOnlyList<AttemptView> Attempts) : DeliveryView(Summary)
{
    [JsonIgnore]
    public DeliveryView Summary { get; } = Summary;

    [JsonIgnore]
    public WebhookDelivery Row { get; } = Row;

    /// <summary>The frozen body, as the JSON that it is; null once it has been removed.</summary>
    public JsonElement? Payload => Row.Payload is null ? null : JsonElement.Parse(Row.Payload);

    /// <summary>The headers as they are stored.</summary>
    public JsonElement CustomHeaders => JsonElement.Parse(Row.CustomHeaders);
}

/// <summary>One attempt.</summary>
internal sealed record AttemptView(
    int Number, DateTimeOffset StartedAt, double DurationMs, int? StatusCode, string? Error,
    JsonElement? ResponseHeaders, string? ResponseBody, string? TraceId, string Worker)
{
    public static AttemptView Of(DeliveryAttempt x) => new(
        x.Number, x.StartedAt, Math.Round(x.DurationMs, 3), x.StatusCode, x.Error,
        x.ResponseHeaders is null ? null : JsonElement.Parse(x.ResponseHeaders), x.ResponseBody, x.TraceId, x.Worker);
}
