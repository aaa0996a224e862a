using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dograh.Client;

/// <summary>What a run is started with.</summary>
public sealed record StartRunRequest(string? Name = null, JsonElement? CampaignId = null, JsonElement? InitialContext = null);

/// <summary>What a call found out.</summary>
public record CompletionRequest
{
    public JsonElement? GatheredContext { get; init; }

    public JsonElement? UsageInfo { get; init; }

    public JsonElement? Annotations { get; init; }

    public JsonElement? Extra { get; init; }

    public string? RecordingUrl { get; init; }

    public string? TranscriptUrl { get; init; }

    public string? UserRecordingUrl { get; init; }

    public string? BotRecordingUrl { get; init; }

    /// <summary>What else is to be sent along: members that this client does not know and a newer server might.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>A run that comes completed.</summary>
public sealed record RunRequest : CompletionRequest
{
    public string? Name { get; init; }

    /// <summary>A number or a text.</summary>
    public JsonElement? CampaignId { get; init; }

    public JsonElement? InitialContext { get; init; }

    /// <summary>In a batch: makes this run one that is stored once, however often it is sent.</summary>
    public string? IdempotencyKey { get; init; }
}

internal sealed record BatchRequest(IReadOnlyList<RunRequest> Runs);
