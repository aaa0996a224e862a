using System.Text.Json;
using Dograh.Api.Http;
using Dograh.Webhooks.Runs;

namespace Dograh.Api.Runs;

/// <summary>What a run is started with.</summary>
internal sealed record StartRequest(string? Name, JsonElement CampaignId, JsonElement InitialContext)
{
    /// <summary>The run fields, checked.</summary>
    public RunFields ToFields(Faults faults)
    {
        faults.CheckText("name", Name);
        if (CampaignId.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.Number or JsonValueKind.String))
        {
            faults.Add("campaign_id", "must be a number or a string");
        }

        CompletionRequest.CheckObject(faults, "initial_context", InitialContext);
        return new RunFields(Name, CampaignId, InitialContext);
    }
}

/// <summary>What a call found out.</summary>
internal record CompletionRequest
{
    private const int MaxUrlLength = 8000;

    public JsonElement GatheredContext { get; init; }

    public JsonElement UsageInfo { get; init; }

    public JsonElement Annotations { get; init; }

    public JsonElement Extra { get; init; }

    public string? RecordingUrl { get; init; }

    public string? TranscriptUrl { get; init; }

    public string? UserRecordingUrl { get; init; }

    public string? BotRecordingUrl { get; init; }

    /// <summary>The completion, checked.</summary>
    public Completion ToCompletion(Faults faults)
    {
        CheckObject(faults, "gathered_context", GatheredContext);
        CheckObject(faults, "usage_info", UsageInfo);
        CheckObject(faults, "annotations", Annotations);
        CheckObject(faults, "extra", Extra);
        faults.CheckText("recording_url", RecordingUrl, MaxUrlLength);
        faults.CheckText("transcript_url", TranscriptUrl, MaxUrlLength);
        faults.CheckText("user_recording_url", UserRecordingUrl, MaxUrlLength);
        faults.CheckText("bot_recording_url", BotRecordingUrl, MaxUrlLength);
        return new Completion(
            GatheredContext, UsageInfo, Annotations, Extra, RecordingUrl, TranscriptUrl, UserRecordingUrl, BotRecordingUrl);
    }

    internal static void CheckObject(Faults faults, string field, JsonElement element)
    {
        if (element.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.Object)) faults.Add(field, "must be an object");
    }
}

/// <summary>A run that comes completed: both in one.</summary>
internal record RunRequest : CompletionRequest
{
    public string? Name { get; init; }

    public JsonElement CampaignId { get; init; }

    public JsonElement InitialContext { get; init; }

    /// <summary>The run fields, checked.</summary>
    public RunFields ToFields(Faults faults) => new StartRequest(Name, CampaignId, InitialContext).ToFields(faults);
}

/// <summary>Completed runs to take in at once. Each is read apart, so that one that makes no sense is that one's problem only.</summary>
internal sealed record BatchRequest(JsonElement Runs);
