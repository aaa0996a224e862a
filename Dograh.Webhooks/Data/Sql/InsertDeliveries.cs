using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Runs;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Stores deliveries: get-or-create on (run, node), so that a row that is there already is left as it is (I2).</summary>
/// <remarks>
/// The unique key <c>ux_webhook_deliveries_run_node</c> decides, however concurrently a run is completed. What is created is listed by the
/// same statement, and says so: what a build from before the listings stores does not, and is found by that (<see cref="ListDeliveries"/>).
/// </remarks>
internal static class InsertDeliveries
{
    public const string Sql =
        """
        WITH created AS (
        INSERT INTO webhook_deliveries
               (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, status, endpoint_url, endpoint_host, http_method,
                payload, custom_headers, credential_uuid, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds, trace_parent,
                is_listed)
        SELECT n.organization_id, n.delivery_uuid, n.workflow_run_id, n.workflow_id, n.webhook_node_id, n.webhook_name, 'pending', n.endpoint_url, n.endpoint_host, n.http_method,
               n.payload, n.custom_headers, n.credential_uuid, n.max_attempts, n.max_attempts, n.base_delay_seconds, n.max_delay_seconds, n.timeout_seconds, n.trace_parent,
               true
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
             AS n (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, endpoint_url, endpoint_host, http_method,
                   payload, custom_headers, credential_uuid, max_attempts, base_delay_seconds, max_delay_seconds, timeout_seconds, trace_parent)
        ON CONFLICT (organization_id, workflow_run_id, webhook_node_id) DO NOTHING
        RETURNING organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host, delivery_uuid, scheduled_for),
        listed AS (
            INSERT INTO webhook_delivery_listings (organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host)
            SELECT organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host FROM created)
        SELECT organization_id, id, delivery_uuid, scheduled_for FROM created
        """;

    /// <summary>The command that stores them.</summary>
    /// <param name="rows">The deliveries to store, in the order of their keys.</param>
    /// <param name="options">What a node leaves to the settings, frozen here.</param>
    public static NpgsqlBatchCommand Command(IReadOnlyList<NewDelivery> rows, WebhookDeliveryOptions options)
    {
        var command = new NpgsqlBatchCommand(Sql);
        var parameters = command.Parameters;
        parameters.AddArray(NpgsqlDbType.Bigint, rows, row => row.OrganizationId);
        parameters.AddArray(NpgsqlDbType.Uuid, rows, row => row.DeliveryUuid);
        parameters.AddArray(NpgsqlDbType.Bigint, rows, row => row.WorkflowRunId);
        parameters.AddArray(NpgsqlDbType.Bigint, rows, row => row.WorkflowId);
        parameters.AddArray(NpgsqlDbType.Text, rows, row => row.Rendered.Node.Id);
        parameters.AddArray(NpgsqlDbType.Text, rows, row => row.Rendered.Node.Name);
        parameters.AddArray(NpgsqlDbType.Text, rows, row => row.Rendered.EndpointUrl);
        parameters.AddArray(NpgsqlDbType.Text, rows, row => row.Rendered.EndpointHost);
        parameters.AddArray(NpgsqlDbType.Text, rows, row => row.Rendered.Node.HttpMethod);
        parameters.AddArray(NpgsqlDbType.Text, rows, row => row.Rendered.Payload);
        parameters.AddArray(NpgsqlDbType.Json, rows, row => row.Rendered.CustomHeaders);
        parameters.AddArray(NpgsqlDbType.Uuid, rows, row => row.Rendered.Node.CredentialUuid);
        parameters.AddArray(NpgsqlDbType.Integer, rows, row => row.Rendered.Node.RetryConfig.MaxAttempts ?? options.MaxAttempts);
        parameters.AddArray(NpgsqlDbType.Double, rows, row => row.Rendered.Node.RetryConfig.BaseDelaySeconds ?? options.BaseDelaySeconds);
        parameters.AddArray(NpgsqlDbType.Double, rows, row => row.Rendered.Node.RetryConfig.MaxDelaySeconds ?? options.MaxDelaySeconds);
        parameters.AddArray(NpgsqlDbType.Double, rows, row => row.Rendered.Node.RetryConfig.TimeoutSeconds ?? options.TimeoutSeconds);
        parameters.AddArray(NpgsqlDbType.Text, rows, row => row.TraceParent);
        return command;
    }

    /// <summary>Reads what the command returns: those that were not there yet, by public id.</summary>
    public static async Task<Dictionary<Guid, DueDelivery>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var created = new Dictionary<Guid, DueDelivery>();
        while (await reader.ReadAsync(cancellationToken))
        {
            created[reader.GetGuid(2)] = new DueDelivery(new DeliveryKey(reader.GetInt64(0), reader.GetInt64(1)), reader.GetFieldValue<DateTimeOffset>(3));
        }

        return created;
    }

    /// <summary>Stores them within the caller's transaction.</summary>
    public static async Task<IReadOnlyDictionary<Guid, DueDelivery>> ExecuteAsync(
        NpgsqlConnection connection, IReadOnlyList<NewDelivery> rows, WebhookDeliveryOptions options, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Command(rows, options) } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await ReadAsync(reader, cancellationToken);
    }
}

/// <summary>A delivery to store.</summary>
/// <param name="OrganizationId">Whose it is.</param>
/// <param name="DeliveryUuid">Its public id.</param>
/// <param name="WorkflowRunId">The run that produces it.</param>
/// <param name="WorkflowId">The run's workflow.</param>
/// <param name="Rendered">The rendered node.</param>
/// <param name="TraceParent">The trace context of the completing request.</param>
internal sealed record NewDelivery(
    long OrganizationId, Guid DeliveryUuid, long WorkflowRunId, long WorkflowId, RenderedNode Rendered, string? TraceParent);
