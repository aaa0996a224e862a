using System.Text.Json;

namespace Dograh.Client;

/// <summary>A call to render a workflow for, and the workflow where it is not saved yet.</summary>
public record RehearsalRequest : CompletionRequest
{
    /// <summary>The run's name.</summary>
    public string? Name { get; init; }

    /// <summary>A number or a text.</summary>
    public JsonElement? CampaignId { get; init; }

    public JsonElement? InitialContext { get; init; }

    /// <summary>A past run, in the place of the call that the other fields tell.</summary>
    public long? WorkflowRunId { get; init; }

    /// <summary>A draft, in the place of the saved definition.</summary>
    public JsonElement? WorkflowDefinition { get; init; }

    /// <summary>The draft's name, for templates that tell it.</summary>
    public string? WorkflowName { get; init; }
}

/// <summary>A webhook node to test.</summary>
public sealed record WorkflowTestRequest : RehearsalRequest
{
    /// <summary>The node, of the draft if there is one.</summary>
    public string? WebhookNodeId { get; init; }
}

/// <summary>What was sent, and what came of it.</summary>
/// <param name="Request">What was sent, secrets masked; or why nothing was.</param>
/// <param name="Answer">What came back; null if nothing was sent, because the node cannot be for this call.</param>
public sealed record WorkflowTest(PreviewRequest Request, TestAnswer? Answer);
