using System.Text.Json;

namespace Dograh.Client;

/// <summary>A workflow to save.</summary>
public sealed record WorkflowRequest(string Name, JsonElement WorkflowDefinition);

/// <summary>A workflow in one version.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">The version, from 1.</param>
/// <param name="WorkflowDefinition">Its nodes and edges.</param>
/// <param name="CreatedAt">When the first version was saved.</param>
/// <param name="Warnings">What is doubtful though allowed, where it was just saved.</param>
public sealed record Workflow(long Id, string Name, int Version, JsonElement WorkflowDefinition, DateTimeOffset CreatedAt, IReadOnlyList<string> Warnings);
