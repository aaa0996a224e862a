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
/// <param name="UpdatedAt">When this version was saved.</param>
/// <param name="Warnings">What is doubtful though allowed, where it was just saved.</param>
public sealed record Workflow(long Id, string Name, int Version, JsonElement WorkflowDefinition, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, IReadOnlyList<string> Warnings);

/// <summary>What saving would say.</summary>
/// <param name="IsValid">Whether it would be saved.</param>
/// <param name="Errors">What forbids it, by field or JSON pointer.</param>
/// <param name="Warnings">What is doubtful though allowed.</param>
public sealed record Validation(bool IsValid, IReadOnlyDictionary<string, IReadOnlyList<string>> Errors, IReadOnlyList<string> Warnings);

/// <summary>The names that templates may use.</summary>
public sealed record ContextVariables(IReadOnlyList<ContextVariable> Variables);

/// <summary>A name that templates may use.</summary>
/// <param name="Name">The path, as it stands between the braces.</param>
/// <param name="Type"><c>string</c>, <c>number</c>, <c>boolean</c>, <c>object</c>, <c>array</c> or <c>null</c>.</param>
/// <param name="Sample">A value that it has had, as text and cut; null for one that is no text.</param>
public sealed record ContextVariable(string Name, string Type, string? Sample);
