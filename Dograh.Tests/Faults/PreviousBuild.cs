using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Faults;

/// <summary>An API of the build before the newest migrations: its statement that stores deliveries, word for word.</summary>
internal static class PreviousBuild
{
    /// <summary>The newest migration that it knows.</summary>
    public const string Migration = "InitialSchema";

    private const string InsertSql =
        """
        INSERT INTO webhook_deliveries
               (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, status, endpoint_url, endpoint_host, http_method,
                payload, custom_headers, credential_uuid, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds, trace_parent)
        SELECT n.organization_id, n.delivery_uuid, n.workflow_run_id, n.workflow_id, n.webhook_node_id, n.webhook_name, 'pending', n.endpoint_url, n.endpoint_host, n.http_method,
               n.payload, n.custom_headers, n.credential_uuid, n.max_attempts, n.max_attempts, n.base_delay_seconds, n.max_delay_seconds, n.timeout_seconds, n.trace_parent
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
             AS n (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, endpoint_url, endpoint_host, http_method,
                   payload, custom_headers, credential_uuid, max_attempts, base_delay_seconds, max_delay_seconds, timeout_seconds, trace_parent)
        ON CONFLICT (organization_id, workflow_run_id, webhook_node_id) DO NOTHING
        RETURNING organization_id, id, delivery_uuid, scheduled_for
        """;

    /// <summary>Stores a delivery as it does.</summary>
    public static async Task<DeliveryKey> InsertAsync(TestDatabase database, ARun run, Uri url, string node)
    {
        await using var command = database.DataSource.CreateCommand(InsertSql);
        object[] columns =
        [
            new[] { run.OrganizationId }, new[] { Guid.CreateVersion7() }, new[] { run.Id }, new[] { run.WorkflowId }, new[] { node }, new[] { "A webhook" },
            new[] { url.OriginalString }, new[] { url.Host }, new[] { "POST" }, new[] { "{}" },
        ];
        foreach (var column in columns) command.Parameters.Add(new() { Value = column });
        command.Parameters.Add(new() { Value = new[] { "[]" }, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Json });
        object[] more = [new Guid?[] { null }, new[] { 5 }, new[] { 0.05 }, new[] { 1.0 }, new[] { 10.0 }, new string?[] { null }];
        foreach (var column in more) command.Parameters.Add(new() { Value = column });
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        Assert.True(await reader.ReadAsync(TestContext.Current.CancellationToken));
        return new DeliveryKey(reader.GetInt64(0), reader.GetInt64(1));
    }
}
