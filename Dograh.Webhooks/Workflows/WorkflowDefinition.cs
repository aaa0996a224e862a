namespace Dograh.Webhooks.Workflows;

/// <summary>One version of a workflow's graph. It never changes once it is stored.</summary>
public sealed class WorkflowDefinition
{
    /// <summary>The organization that owns it.</summary>
    public long OrganizationId { get; set; }

    /// <summary>The workflow that it is a version of.</summary>
    public long WorkflowId { get; set; }

    /// <summary>The version, counting from 1.</summary>
    public int Version { get; set; }

    /// <summary>The graph's JSON text, in the order its author wrote it: the order of keys is the order in a payload.</summary>
    public required string Definition { get; set; }

    /// <summary>When it was saved.</summary>
    public DateTimeOffset CreatedAt { get; set; }
}
