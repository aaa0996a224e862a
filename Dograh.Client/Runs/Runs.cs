using System.Text.Json;

namespace Dograh.Client;

/// <summary>A run that was just started.</summary>
public sealed record StartedRun(long Id, long WorkflowId, int Version, string? Name, string Status, DateTimeOffset CreatedAt);

/// <summary>A completed run and what became of its webhook nodes.</summary>
public sealed record RunOutcome(long Id, string Status, IReadOnlyList<NodeOutcome> Deliveries);

/// <summary>What became of one webhook node.</summary>
/// <param name="WebhookNodeId">The node.</param>
/// <param name="WebhookName">Its name.</param>
/// <param name="DeliveryId">The delivery, where there is one.</param>
/// <param name="Outcome"><c>created</c>, <c>existing</c>, <c>skipped</c> or <c>invalid</c>.</param>
/// <param name="Reason">Why there is no delivery.</param>
/// <param name="DroppedHeaders">Headers that are not sent.</param>
public sealed record NodeOutcome(
    string WebhookNodeId, string WebhookName, Guid? DeliveryId, string Outcome, string? Reason, IReadOnlyList<string> DroppedHeaders);

/// <summary>The answer to a batch, in the order of its runs.</summary>
public sealed record BatchOutcome(IReadOnlyList<BatchItem> Items);

/// <summary>What became of one run of a batch: an outcome, or a problem.</summary>
public sealed record BatchItem(int Status, RunOutcome? Outcome, BatchProblem? Problem);

/// <summary>Why a run of a batch was not stored.</summary>
public sealed record BatchProblem(int? Status, string? Title, string? Detail, IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors, double? RetryAfter);

/// <summary>A run in a line of a list.</summary>
public sealed record RunSummary(long Id, string? Name, int Version, string Status, DateTimeOffset CreatedAt, DateTimeOffset? CompletedAt);

/// <summary>A run with everything that is known of it.</summary>
public sealed record Run(
    long Id, long WorkflowId, int Version, string? Name, JsonElement? CampaignId, string Status, DateTimeOffset CreatedAt, DateTimeOffset? CompletedAt,
    JsonElement? InitialContext, JsonElement? GatheredContext, JsonElement? UsageInfo, JsonElement? Annotations, JsonElement? Extra,
    string? RecordingUrl, string? TranscriptUrl, string? UserRecordingUrl, string? BotRecordingUrl, IReadOnlyList<RunDelivery> Deliveries);

/// <summary>A run's delivery in a line.</summary>
public sealed record RunDelivery(Guid Id, string WebhookNodeId, string Status);

/// <summary>What a completion would send.</summary>
public sealed record Preview(IReadOnlyList<PreviewRequest> Requests);

/// <summary>What one node would send: secrets masked, nothing stored.</summary>
/// <param name="WebhookNodeId">The node.</param>
/// <param name="WebhookName">Its name.</param>
/// <param name="Outcome"><c>would_send</c>, <c>skipped</c> or <c>invalid</c>.</param>
/// <param name="Reason">Why nothing would be sent.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Url">The rendered URL.</param>
/// <param name="Headers">The headers, secrets masked.</param>
/// <param name="Body">The rendered body; null for none.</param>
/// <param name="DroppedHeaders">Headers that would not be sent.</param>
/// <param name="MissingVariables">What its templates name and the call does not have; told for a draft or a past run, null otherwise.</param>
public sealed record PreviewRequest(
    string WebhookNodeId, string WebhookName, string Outcome, string? Reason, string? Method, string? Url, IReadOnlyDictionary<string, string>? Headers,
    string? Body, IReadOnlyList<string> DroppedHeaders, IReadOnlyList<string>? MissingVariables = null);
