using Dograh.Tests.Support;
using Dograh.Webhooks.Data;

namespace Dograh.Tests.Data;

/// <summary>Rows in such numbers that the planner has something to choose, with statistics.</summary>
/// <remarks>
/// 20 organizations with 3 workflows each, and 2,000 runs with 60 deliveries each; half of it all is the first organization's. A quarter
/// of the deliveries is pending, a few of a hundred are parked, the rest succeeded; one is created a second, and the last half hour's are not due yet.
/// Tests share it and leave it as it is.
/// </remarks>
[CollectionDefinition(nameof(LargeDatabase))]
public sealed class LargeDatabase(TestServers servers) : IAsyncLifetime, ICollectionFixture<LargeDatabase>
{
    private const int Deliveries = 120_000;

    internal TestDatabase Database { get; private set; } = null!;

    /// <summary>The database as an organization's requests see it.</summary>
    internal TenantDatabase Tenants { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await servers.RentDatabaseAsync();
        Tenants = new TenantDatabase(Database.ConnectionString);
        for (var n = 0; n < 20; n++)
        {
            var organization = await Database.AddOrganizationAsync();
            for (var m = 0; m < 3; m++) await Database.AddWorkflowAsync(organization);
        }

        await Database.ExecuteAsync(
            """
            INSERT INTO workflow_runs (organization_id, workflow_id, version, name, status, completed_at)
            SELECT w.organization_id, w.id, 1, 'A call', 'completed', now()
            FROM generate_series(1, 2000) n
            JOIN workflows w ON w.id = 1 + CASE WHEN n % 2 = 0 THEN n / 2 % 3 ELSE n % 60 END
            ORDER BY n
            """);
        await Database.ExecuteAsync(
            """
            INSERT INTO webhook_deliveries
                   (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, endpoint_url, endpoint_host, http_method,
                    payload, custom_headers, status, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds,
                    created_at, scheduled_for, delivered_at, is_listed, last_status_code, last_error)
            SELECT r.organization_id, gen_random_uuid(), r.id, r.workflow_id, 'node-' || n / 2000, 'A webhook', 'https://crm.example/', 'crm-' || n / 2000 % 7 || '.example',
                   'POST', repeat('x', 200), '[]', s.status, 5, 5, 30, 600, 30, now() - ($1 - n) * interval '1 second',
                   now() - ($1 - 1800 - n) * interval '1 second', CASE WHEN s.status = 'succeeded' THEN now() END, true,
                   CASE WHEN s.status = 'dead_letter' AND n % 2 = 0 THEN 401 + n % 3 WHEN s.status = 'succeeded' THEN 200 END,
                   CASE WHEN s.status = 'dead_letter' THEN CASE WHEN n % 2 = 0 THEN 'HTTP ' || 401 + n % 3 || ': no' ELSE 'timeout: no response within 30 s' END END
            FROM generate_series(0, $1 - 1) n
            JOIN workflow_runs r ON r.id = 1 + n % 2000
            CROSS JOIN LATERAL (
                SELECT (CASE WHEN n % 97 < 24 THEN 'pending' WHEN n % 97 < 26 THEN 'dead_letter' WHEN n % 97 < 28 THEN 'cancelled' ELSE 'succeeded' END)
                       ::webhook_delivery_status AS status) s
            ORDER BY n
            """,
            Deliveries);
        await Database.ListDeliveriesAsync();
        await Database.ExecuteAsync(
            """
            INSERT INTO webhook_delivery_attempts (organization_id, delivery_id, number, started_at, duration_ms, status_code, worker)
            SELECT organization_id, id, 1, created_at, 12.5, 200, 'worker-a' FROM webhook_deliveries WHERE status = 'succeeded' AND id % 3 = 0
            """);
        await Database.ExecuteAsync(
            """
            INSERT INTO external_credentials (organization_id, uuid, name, credential_type, encrypted_data, is_active)
            SELECT 1 + n % 20, gen_random_uuid(), 'A credential', 'none', decode(repeat('00', 300), 'hex'), true FROM generate_series(1, 20000) n
            """);
        await Database.ExecuteAsync(
            """
            INSERT INTO oauth_tokens (organization_id, credential_uuid, credential_hash, encrypted_token, fetched_at, usable_until)
            SELECT organization_id, uuid, sha256(encrypted_data), decode(repeat('00', 300), 'hex'), now(), now() + interval '1 hour' FROM external_credentials
            """);
        // Two of each organization's own, and a node's for many nodes.
        await Database.ExecuteAsync(
            """
            INSERT INTO signing_secrets (organization_id, id, workflow_id, webhook_node_id, algorithm, encrypted_secret, prefix)
            SELECT w.organization_id, gen_random_uuid(), CASE WHEN n > 1 THEN w.id END, CASE WHEN n > 1 THEN 'node-' || n END, 'v1',
                   decode(repeat('00', 300), 'hex'), 'whsec_'
            FROM workflows w CROSS JOIN generate_series(1, 300) n
            """);
        await Database.ExecuteAsync(
            """
            INSERT INTO api_keys (id, organization_id, name, prefix, key_hash)
            SELECT gen_random_uuid(), 1 + n % 20, 'A key', 'k', decode(md5(n::text), 'hex') FROM generate_series(1, 2000) n
            """);
        await Database.ExecuteAsync(
            """
            INSERT INTO idempotency_keys (organization_id, path, key, request_hash, status_code, response_body)
            SELECT 1 + n % 20, '/', 'key-' || n, sha256('{}'), 200, repeat('x', 300) FROM generate_series(1, 20000) n
            """);
        await Database.ExecuteAsync(
            """
            INSERT INTO audit_events (organization_id, id, created_at, actor, action, resource_type, resource_id, details)
            SELECT 1 + n % 20, gen_random_uuid(), now() - n * interval '1 minute', 'operator', 'quotas.updated', 'quotas', n % 500, '{}' FROM generate_series(1, 20000) n
            """);
        await Database.ExecuteAsync("ANALYZE");
    }

    public async ValueTask DisposeAsync()
    {
        await Tenants.DisposeAsync();
        await Database.DisposeAsync();
    }
}
