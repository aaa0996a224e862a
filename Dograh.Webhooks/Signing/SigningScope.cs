namespace Dograh.Webhooks.Signing;

/// <summary>Whose deliveries a secret signs: all of an organization's, or those of one webhook node.</summary>
/// <param name="WorkflowId">The node's workflow; null for the organization.</param>
/// <param name="WebhookNodeId">The node's id in it; null for the organization.</param>
public sealed record SigningScope(long? WorkflowId, string? WebhookNodeId)
{
    /// <summary>The organization's own.</summary>
    public static SigningScope Organization { get; } = new(null, null);
}
