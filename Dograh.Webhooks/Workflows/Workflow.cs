namespace Dograh.Webhooks.Workflows;

/// <summary>A named, versioned graph. Its versions are <see cref="WorkflowDefinition"/>s.</summary>
public sealed class Workflow
{
    /// <summary>The organization that owns it.</summary>
    public long OrganizationId { get; set; }

    /// <summary>The id, made by the database.</summary>
    public long Id { get; set; }

    /// <summary>The current name.</summary>
    public required string Name { get; set; }

    /// <summary>The version that new runs are pinned to; the first is 1.</summary>
    public int Version { get; set; }

    /// <summary>When it was created.</summary>
    public DateTimeOffset CreatedAt { get; set; }
}
