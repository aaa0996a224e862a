using System.Text.Json.Serialization;

namespace Dograh.Api.Rehearsing;

/// <summary>What a completion would send.</summary>
internal sealed record PreviewView(IReadOnlyList<PreviewRequestView> Requests);

/// <summary>What one node would send: secrets masked, nothing stored.</summary>
internal sealed record PreviewRequestView(
    string WebhookNodeId, string WebhookName, string Outcome, string? Reason, string? Method, string? Url,
    IReadOnlyDictionary<string, string>? Headers, string? Body, IReadOnlyList<string> DroppedHeaders)
{
    /// <summary>What its templates name and the call does not have; told where a draft or a past run is looked at.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? MissingVariables { get; init; }
}
