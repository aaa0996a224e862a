using System.Collections.Concurrent;
using System.Text.Json;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Workflows;
using Npgsql;

namespace Dograh.Webhooks.Runs;

/// <summary>The webhook nodes of workflow versions. A version never changes, so what was read once is kept.</summary>
internal sealed class WorkflowVersions(NpgsqlDataSource dataSource)
{
    // Definitions are at most as large as a request's body; beyond this many, the ones in use are soon read again.
    private const int MaxKept = 1000;

    private readonly ConcurrentDictionary<(long OrganizationId, long WorkflowId, int Version), IReadOnlyList<WebhookNode>> _kept = [];

    /// <summary>The nodes of a version that is known to exist.</summary>
    public async ValueTask<IReadOnlyList<WebhookNode>> GetNodesAsync(long organizationId, long workflowId, int version, CancellationToken cancellationToken)
    {
        if (_kept.TryGetValue((organizationId, workflowId, version), out var nodes)) return nodes;

        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        var definition = await ReadDefinition.ExecuteAsync(connection, organizationId, workflowId, version, cancellationToken)
            ?? throw new InvalidOperationException($"Version {version} of workflow {workflowId} is not there.");
        return Keep(organizationId, workflowId, version, definition);
    }

    /// <summary>Keeps a version that was read by other means.</summary>
    public IReadOnlyList<WebhookNode> Keep(long organizationId, long workflowId, int version, string definition)
    {
        if (_kept.Count >= MaxKept) _kept.Clear();
        return _kept.GetOrAdd((organizationId, workflowId, version), static (_, text) => WebhookNode.ReadAll(JsonElement.Parse(text)), definition);
    }
}
