using System.Text.Json;
using Dograh.Client;

namespace Dograh.WebConsole.Workflows;

/// <summary>A call to look at a workflow with, written as the API takes a completed run.</summary>
public static class SampleCall
{
    /// <summary>What it is to begin with.</summary>
    public const string Example =
        """
        {
          "initial_context": {},
          "gathered_context": {
            "call_disposition": "completed"
          }
        }
        """;

    /// <summary>Reads it.</summary>
    /// <exception cref="JsonException">It is no JSON object; <see cref="JsonFault"/> says where.</exception>
    public static RehearsalRequest Read(string text)
    {
        var call = string.IsNullOrWhiteSpace(text) ? JsonElement.Parse("{}") : JsonElement.Parse(text);
        if (call.ValueKind != JsonValueKind.Object) throw new JsonException("A call is an object.");
        return new RehearsalRequest
        {
            Name = Text("name"), CampaignId = Any("campaign_id"), InitialContext = Any("initial_context"), GatheredContext = Any("gathered_context"), UsageInfo = Any("usage_info"),
            Annotations = Any("annotations"), Extra = Any("extra"), RecordingUrl = Text("recording_url"), TranscriptUrl = Text("transcript_url"),
            UserRecordingUrl = Text("user_recording_url"), BotRecordingUrl = Text("bot_recording_url"),
        };

        JsonElement? Any(string name) => call.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
        string? Text(string name) => Any(name) is not { } value ? null : value.ValueKind == JsonValueKind.String ? value.GetString() : throw new JsonException($"\"{name}\" is a text.");
    }
}
