using System.Text.Json;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Runs;
using Microsoft.AspNetCore.Mvc;

namespace Dograh.Api.Runs;

/// <summary>A run that was just started.</summary>
internal sealed record StartedRunView(long Id, long WorkflowId, int Version, string? Name, string Status, DateTimeOffset CreatedAt);

/// <summary>A run in a line of a list.</summary>
internal sealed record RunSummary(long Id, string? Name, int Version, string Status, DateTimeOffset CreatedAt, DateTimeOffset? CompletedAt);

/// <summary>A run with everything that is known of it.</summary>
internal sealed record RunView(
    long Id, long WorkflowId, int Version, string? Name, JsonElement? CampaignId, string Status, DateTimeOffset CreatedAt, DateTimeOffset? CompletedAt,
    JsonElement? InitialContext, JsonElement? GatheredContext, JsonElement? UsageInfo, JsonElement? Annotations, JsonElement? Extra,
    string? RecordingUrl, string? TranscriptUrl, string? UserRecordingUrl, string? BotRecordingUrl, IReadOnlyList<RunDeliveryView> Deliveries)
{
    public static RunView Of(WorkflowRun run, IReadOnlyList<RunDeliveryView> deliveries) => new(
        run.Id, run.WorkflowId, run.Version, run.Name, Json(run.CampaignId), run.Status, run.CreatedAt, run.CompletedAt, Json(run.InitialContext),
        Json(run.GatheredContext), Json(run.UsageInfo), Json(run.Annotations), Json(run.Extra), run.RecordingUrl, run.TranscriptUrl,
        run.UserRecordingUrl, run.BotRecordingUrl, deliveries);

    private static JsonElement? Json(string? text) => text is null ? null : JsonColumn.Parse(text);
}

/// <summary>A run's delivery in a line.</summary>
internal sealed record RunDeliveryView(Guid Id, string WebhookNodeId, DeliveryStatus Status);

/// <summary>The answer to a batch, in the order of its runs.</summary>
internal sealed record BatchView(IReadOnlyList<BatchItemView> Items);

/// <summary>What became of one run of a batch: an outcome, or a problem.</summary>
internal sealed record BatchItemView(int Status, RunOutcome? Outcome, ProblemDetails? Problem);
