using System.Text.Json;

namespace Dograh.Webhooks.Runs;

/// <summary>What a run was started with: the run fields of the API.</summary>
/// <param name="Name">A name for people.</param>
/// <param name="CampaignId">A JSON number or string; undefined or null for none.</param>
/// <param name="InitialContext">A JSON object; undefined or null for none.</param>
public sealed record RunFields(string? Name, JsonElement CampaignId, JsonElement InitialContext);

/// <summary>What a call found out: the API's <em>completion</em>. The elements are objects, undefined or null.</summary>
/// <param name="GatheredContext">What the call gathered.</param>
/// <param name="UsageInfo">What it cost.</param>
/// <param name="Annotations">What was said about it.</param>
/// <param name="Extra">Anything else.</param>
/// <param name="RecordingUrl">Where the recording is.</param>
/// <param name="TranscriptUrl">Where the transcript is.</param>
/// <param name="UserRecordingUrl">Where the caller's side of the recording is.</param>
/// <param name="BotRecordingUrl">Where the agent's side of the recording is.</param>
public sealed record Completion(
    JsonElement GatheredContext, JsonElement UsageInfo, JsonElement Annotations, JsonElement Extra, string? RecordingUrl, string? TranscriptUrl,
    string? UserRecordingUrl, string? BotRecordingUrl);
