using System.Text.Json;
using System.Text.Json.Serialization;
using Dograh.Api.Runs;

namespace Dograh.Api.Rehearsing;

/// <summary>A call to render a workflow for, and the workflow where it is not saved yet.</summary>
internal record RehearsalRequest : RunRequest
{
    /// <summary>A draft, in the place of the saved definition.</summary>
    public JsonElement WorkflowDefinition { get; init; }

    /// <summary>The draft's name, for templates that tell it; the saved one where there is none.</summary>
    public string? WorkflowName { get; init; }

    /// <summary>A past run, in the place of the call that the other fields tell.</summary>
    public long? WorkflowRunId { get; init; }

    /// <summary>Whether it asks for more than what a completion of the saved workflow would do.</summary>
    [JsonIgnore]
    public bool IsOfDraftOrRun => HasDraft || WorkflowRunId is not null;

    /// <summary>Whether it brings a draft.</summary>
    [JsonIgnore]
    public bool HasDraft => WorkflowDefinition.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);
}
