using Dograh.Client;
using Dograh.WebConsole.Components;

namespace Dograh.WebConsole.Signing;

/// <summary>What a signing secret is for: the whole organization, or one webhook node.</summary>
/// <param name="WorkflowId">The node's workflow; null for the organization.</param>
/// <param name="WebhookNodeId">The node; null for the organization.</param>
/// <param name="Name">In words.</param>
public sealed record SigningScopeOption(long? WorkflowId, string? WebhookNodeId, string Name)
{
    /// <summary>The organization's own.</summary>
    public static SigningScopeOption Organization { get; } = new(null, null, "The organization");

    /// <summary>Tells it from the others in a list.</summary>
    public string Key => WorkflowId is null ? "" : $"{WorkflowId}/{WebhookNodeId}";

    /// <summary>The organization, and each webhook node of a workflow.</summary>
    public static IReadOnlyList<SigningScopeOption> Of(IEnumerable<Workflow> workflows) =>
        [Organization, .. workflows.SelectMany(WebhookNodes.Of).Select(node => new SigningScopeOption(node.Workflow.Id, node.Id, $"{node.Workflow.Name} › {node.Name}"))];

    /// <summary>The name of what a secret is for, from what is known of the workflows.</summary>
    public static string NameOf(SigningSecret secret, IReadOnlyList<SigningScopeOption> known) => secret.WorkflowId is null
        ? Organization.Name
        : known.FirstOrDefault(scope => scope.WorkflowId == secret.WorkflowId && scope.WebhookNodeId == secret.WebhookNodeId)?.Name ?? $"Workflow {secret.WorkflowId} › {secret.WebhookNodeId}";
}
