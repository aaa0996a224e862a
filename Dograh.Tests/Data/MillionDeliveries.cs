using Dograh.Tests.Support;

namespace Dograh.Tests.Data;

/// <summary>A million deliveries of one organization, for what has to stay quick over that many. Tests share it and leave it as it is.</summary>
/// <remarks>
/// One a second, the newest just created, by 40 receivers in turn. Three of ten are dead letters, two thirds of them answered 401, 403, 500 or 503 and the others not; one of a hundred is pending; one of a hundred
/// thousand was answered 418.
/// </remarks>
[CollectionDefinition(nameof(MillionDeliveries))]
public sealed class MillionDeliveries(TestServers servers) : IAsyncLifetime, ICollectionFixture<MillionDeliveries>
{
    /// <summary>How many there are.</summary>
    public const int Count = 1_000_000;

    private const int AtATime = 100_000;

    internal TestDatabase Database { get; private set; } = null!;

    /// <summary>Whose they are.</summary>
    internal long OrganizationId { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Database = await servers.RentDatabaseAsync();
        OrganizationId = await Database.AddOrganizationAsync();
        var run = await Database.AddRunAsync(OrganizationId);
        for (var first = 1; first <= Count; first += AtATime) await AddAsync(run, first);
        await Database.ExecuteAsync("VACUUM (ANALYZE) webhook_deliveries, webhook_delivery_listings");
    }

    public ValueTask DisposeAsync() => Database.DisposeAsync();

    // Without the check of each row's foreign keys, which takes much of the time.
    private Task AddAsync(ARun run, int first) => Database.ExecuteAsync(
        $"""
        BEGIN;
        SET LOCAL session_replication_role = replica;
        SET LOCAL synchronous_commit = off;
        INSERT INTO webhook_deliveries
               (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, endpoint_url, endpoint_host, http_method, payload, custom_headers, status, attempt_count,
                max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds, created_at, scheduled_for, delivered_at, last_status_code, last_error, is_listed)
        SELECT {OrganizationId}, gen_random_uuid(), {run.Id}, {run.WorkflowId}, n::text, 'A webhook', 'https://crm-' || n % 40 || '.example/', 'crm-' || n % 40 || '.example', 'POST', '', '[]', s.status, 1,
               5, 5, 30, 600, 30, now() - ({Count} - n) * interval '1 second', now() + interval '1 day', CASE WHEN s.status = 'succeeded' THEN now() END, c.code,
               CASE WHEN s.status = 'succeeded' THEN NULL WHEN c.code IS NULL THEN CASE WHEN n % 20 = 1 THEN 'timeout: no response within 30 s' ELSE 'connection: Connection refused' END ELSE 'HTTP ' || c.code || ': no' END, true
        FROM generate_series({first}, {first + AtATime - 1}) AS n
        CROSS JOIN LATERAL (SELECT (CASE WHEN n % 10 < 3 THEN 'dead_letter' WHEN n % 100 = 9 THEN 'pending' ELSE 'succeeded' END)::webhook_delivery_status AS status) AS s
        CROSS JOIN LATERAL (SELECT CASE WHEN n % 100000 = 5 THEN 418 WHEN s.status = 'succeeded' THEN 200 WHEN s.status = 'pending' OR n % 10 = 1 THEN NULL ELSE (ARRAY[401, 403, 500, 503])[1 + n / 10 % 4] END AS code) AS c;
        INSERT INTO webhook_delivery_listings (organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host)
        SELECT organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host FROM webhook_deliveries
        WHERE webhook_node_id::int >= {first};
        COMMIT
        """);
}
