using System.Globalization;
using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Signing;
using Dograh.Webhooks.Workflows;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Signing;

/// <summary>Reading whose deliveries a secret is for: an organization's, or one webhook node's.</summary>
internal static class SigningScopes
{
    private const string WorkflowField = "workflow_id";
    private const string NodeField = "webhook_node_id";

    /// <summary>Reads a body's scope and algorithm.</summary>
    public static (SigningScope Scope, string Algorithm) Read(this IScopedRequest request, Faults faults)
    {
        var algorithm = request.Algorithm ?? SigningAlgorithm.V1;
        if (!SigningAlgorithm.All.Contains(algorithm)) faults.Add("algorithm", $"must be one of {string.Join(", ", SigningAlgorithm.All)}");
        if (request.WorkflowId is null && request.WebhookNodeId is not null) faults.Add(WorkflowField, $"must be given with {NodeField}");
        if (request.WebhookNodeId is null && request.WorkflowId is not null) faults.Add(NodeField, $"must be given with {WorkflowField}");
        faults.CheckText(NodeField, request.WebhookNodeId);
        return (new SigningScope(request.WorkflowId, request.WebhookNodeId), algorithm);
    }

    /// <summary>Reads a list's filters.</summary>
    /// <exception cref="ApiProblemException">One of them cannot be what it is called: 422.</exception>
    public static (long? WorkflowId, string? WebhookNodeId) ReadFilter(HttpRequest request)
    {
        var faults = new Faults();
        long? workflow = null;
        if (request.Query[WorkflowField].ToString() is { Length: > 0 } text)
        {
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) workflow = id;
            else faults.Add(WorkflowField, "must be a number");
        }

        var node = request.Query[NodeField].ToString();
        faults.CheckText(NodeField, node);
        faults.ThrowIfAny();
        return (workflow, node.Length == 0 ? null : node);
    }

    /// <summary>Sees to it that the node is one of the organization's: a secret for one that is not there would never sign anything.</summary>
    /// <exception cref="ApiProblemException">It is not: 422.</exception>
    public static async Task CheckAsync(this SigningScope scope, DograhDbContext database, Caller caller, CancellationToken cancellationToken)
    {
        if (scope.WorkflowId is not { } workflow) return;
        var current = await database.Workflows.Where(x => x.OrganizationId == caller.OrganizationId && x.Id == workflow)
            .Join(
                database.WorkflowDefinitions, x => new { x.OrganizationId, WorkflowId = x.Id, x.Version },
                x => new { x.OrganizationId, x.WorkflowId, x.Version }, (_, definition) => definition.Definition)
            .SingleOrDefaultAsync(cancellationToken) ?? throw ApiProblemException.Unprocessable(WorkflowField, "is not a workflow of this organization");
        using var definition = JsonDocument.Parse(current);
        if (WebhookNode.ReadAll(definition.RootElement).All(node => node.Id != scope.WebhookNodeId))
        {
            throw ApiProblemException.Unprocessable(NodeField, "is not a webhook node of the workflow's current version");
        }
    }
}
