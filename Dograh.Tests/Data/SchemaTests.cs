using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Npgsql;

namespace Dograh.Tests.Data;

public sealed class SchemaTests(TestServers servers) : DatabaseTest(servers)
{
    // Not of a tenant, or found before the tenant is known.
    private const string Exempt = "('organizations', 'api_keys', 'data_protection_keys', '__EFMigrationsHistory')";

    private const string InsertSecret =
        "INSERT INTO signing_secrets (organization_id, id, workflow_id, webhook_node_id, algorithm, encrypted_secret, prefix) VALUES ($1, $2, $3, 'hook', 'v1', '\\x00', 'whsec_')";

    [Fact]
    public async Task Names_of_constraints_and_indexes_are_at_most_45_characters()
    {
        var names = await Database.ColumnAsync<string>(
            """
            SELECT conname::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'i'
            """);

        Assert.NotEmpty(names);
        Assert.DoesNotContain(names, name => name.Length > 45);
    }

    [Fact]
    public async Task Every_key_below_organizations_and_api_keys_begins_with_the_organization()
    {
        var keys = await Database.ColumnAsync<string>(
            $"""
            SELECT c.relname || ' ' || k.name || ' ' || a.attname
            FROM (SELECT conrelid AS relid, conname::text AS name, conkey[1] AS attnum FROM pg_constraint WHERE contype IN ('p', 'u', 'f')
                  UNION SELECT indrelid, indexrelid::regclass::text, indkey[0] FROM pg_index WHERE indisunique) k
            JOIN pg_class c ON c.oid = k.relid AND c.relnamespace = 'public'::regnamespace
            JOIN pg_attribute a ON a.attrelid = k.relid AND a.attnum = k.attnum
            WHERE c.relname NOT IN {Exempt}
            """);

        Assert.Contains("webhook_deliveries ux_webhook_deliveries_run_node organization_id", keys);
        Assert.Contains("webhook_delivery_attempts fk_webhook_delivery_attempts_delivery organization_id", keys);
        Assert.All(keys, key => Assert.EndsWith(" organization_id", key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_foreign_key_leads_to_the_same_organization()
    {
        var targets = await Database.ColumnAsync<string>(
            """
            SELECT DISTINCT confrelid::regclass::text || '.' || a.attname
            FROM pg_constraint k
            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = k.confkey[1]
            WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
            """);

        Assert.NotEmpty(targets);
        Assert.All(targets, target => Assert.True(
            target == "organizations.id" || target.EndsWith(".organization_id", StringComparison.Ordinal), target));
    }

    [Fact]
    public async Task A_definition_of_another_organizations_workflow_is_refused()
    {
        var workflow = await Database.AddWorkflowAsync(await Database.AddOrganizationAsync());
        var stranger = await Database.AddOrganizationAsync();

        await RefusedAsync("fk_workflow_definitions_workflow", () => Database.ExecuteAsync(
            "INSERT INTO workflow_definitions (organization_id, workflow_id, version, definition) VALUES ($1, $2, 2, '{}')", stranger, workflow));
    }

    [Fact]
    public async Task A_run_of_another_organizations_workflow_is_refused()
    {
        var workflow = await Database.AddWorkflowAsync(await Database.AddOrganizationAsync());
        var stranger = await Database.AddOrganizationAsync();

        await RefusedAsync("fk_workflow_runs_definition", () => Database.AddRunAsync(stranger, workflow));
    }

    [Fact]
    public async Task A_delivery_of_another_organizations_run_is_refused()
    {
        var run = await Database.AddRunAsync(await Database.AddOrganizationAsync());
        var stranger = await Database.AddOrganizationAsync();

        await RefusedAsync("fk_webhook_deliveries_run", () => Database.AddAsync(Given.ADelivery().Of(run with { OrganizationId = stranger })));
    }

    [Fact]
    public async Task An_attempt_of_another_organizations_delivery_is_refused()
    {
        var key = await Database.AddAsync(Given.ADelivery());
        var stranger = await Database.AddOrganizationAsync();

        await RefusedAsync("fk_webhook_delivery_attempts_delivery", () => Database.ExecuteAsync(
            "INSERT INTO webhook_delivery_attempts (organization_id, delivery_id, number, started_at, duration_ms, worker) VALUES ($1, $2, 1, now(), 1, 'w')",
            stranger, key.Id));
    }

    [Fact]
    public async Task A_listing_of_another_organizations_delivery_is_refused()
    {
        var key = await Database.AddAsync(Given.ADelivery());
        var stranger = await Database.AddOrganizationAsync();

        await RefusedAsync("fk_webhook_delivery_listings_delivery", () => Database.ExecuteAsync(
            """
            INSERT INTO webhook_delivery_listings (organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host)
            VALUES ($1, $2, now(), 1, 'n', 'crm.example')
            """,
            stranger, key.Id));
    }

    [Fact]
    public async Task A_signing_secret_of_another_organizations_workflow_is_refused()
    {
        var workflow = await Database.AddWorkflowAsync(await Database.AddOrganizationAsync());
        var stranger = await Database.AddOrganizationAsync();

        await RefusedAsync("fk_signing_secrets_workflow", () => Database.ExecuteAsync(InsertSecret, stranger, Guid.CreateVersion7(), workflow));
    }

    [Fact]
    public async Task A_token_of_another_organizations_credential_is_refused()
    {
        var credential = Guid.CreateVersion7();
        await Database.AddCredentialAsync(await Database.AddOrganizationAsync(), credential, "oauth2_client_credentials", [1]);
        var stranger = await Database.AddOrganizationAsync();

        await RefusedAsync("fk_oauth_tokens_credential", () => Database.ExecuteAsync(
            "INSERT INTO oauth_tokens (organization_id, credential_uuid, credential_hash) VALUES ($1, $2, '\\x00')", stranger, credential));
    }

    [Theory]
    [InlineData("ck_signing_secrets_algorithm", "algorithm = 'v2'")]
    [InlineData("ck_signing_secrets_public_key", "algorithm = 'v1a'")]
    [InlineData("ck_signing_secrets_public_key", "public_key = 'whpk_'")]
    [InlineData("ck_signing_secrets_scope", "workflow_id = NULL")]
    public async Task A_signing_secret_that_contradicts_itself_is_refused(string constraint, string change)
    {
        var organization = await Database.AddOrganizationAsync();
        await Database.ExecuteAsync(InsertSecret, organization, Guid.CreateVersion7(), await Database.AddWorkflowAsync(organization));

        await RefusedAsync(constraint, () => Database.ExecuteAsync($"UPDATE signing_secrets SET {change}"));
    }

    [Fact]
    public async Task A_second_delivery_of_the_same_run_and_node_is_refused()
    {
        var run = await Database.AddRunAsync(await Database.AddOrganizationAsync());
        await Database.AddAsync(Given.ADelivery().Of(run).FromNode("n"));

        await RefusedAsync("ux_webhook_deliveries_run_node", () => Database.AddAsync(Given.ADelivery().Of(run).FromNode("n")));
    }

    [Theory]
    [InlineData("ck_webhook_deliveries_attempt_count", "attempt_count = max_attempts + 1")]
    [InlineData("ck_webhook_deliveries_attempt_count", "attempt_count = -1")]
    [InlineData("ck_webhook_deliveries_payload", "payload = NULL")]
    [InlineData("ck_webhook_deliveries_delivered_at", "status = 'succeeded'")]
    [InlineData("ck_webhook_deliveries_delivered_at", "delivered_at = now()")]
    [InlineData("ck_webhook_deliveries_leased_by", "status = 'cancelled', leased_by = 'a worker'")]
    [InlineData("ck_webhook_deliveries_leased_by", "status = 'dead_letter', leased_by = 'a worker'")]
    public async Task A_delivery_that_contradicts_itself_is_refused(string constraint, string change)
    {
        await Database.AddAsync(Given.ADelivery());

        await RefusedAsync(constraint, () => Database.ExecuteAsync($"UPDATE webhook_deliveries SET {change}"));
    }

    [Theory]
    [InlineData("ck_workflow_runs_status", "status = 'paused', completed_at = NULL")]
    [InlineData("ck_workflow_runs_completed_at", "status = 'running'")]
    [InlineData("ck_workflow_runs_completed_at", "completed_at = NULL")]
    public async Task A_run_that_contradicts_itself_is_refused(string constraint, string change)
    {
        await Database.AddRunAsync(await Database.AddOrganizationAsync());

        await RefusedAsync(constraint, () => Database.ExecuteAsync($"UPDATE workflow_runs SET {change}"));
    }

    [Fact]
    public async Task Removing_an_organization_removes_all_that_is_below_it_and_nothing_else()
    {
        var kept = await Database.AddAsync(Given.ADelivery().WithAttempts(2));
        var removed = await Database.AddAsync(Given.ADelivery().WithAttempts(2));
        await Database.AddCredentialAsync(removed.OrganizationId, Guid.CreateVersion7(), "none", [1]);

        await Database.ExecuteAsync("DELETE FROM organizations WHERE id = $1", removed.OrganizationId);

        Assert.Equal(kept.Id, Assert.Single(await Database.DeliveriesAsync()).Id);
        Assert.Equal(2, (await Database.AttemptsAsync(kept)).Count);
        Assert.Empty(await Database.AttemptsAsync(removed));
        Assert.Equal(kept.Id, await Database.ScalarAsync<long>("SELECT id FROM webhook_delivery_listings"));
        Assert.Equal(0, await Database.ScalarAsync<long>("SELECT count(*) FROM external_credentials"));
    }

    [Fact]
    public async Task The_states_are_those_of_the_enum()
    {
        var labels = await Database.ColumnAsync<string>("SELECT unnest(enum_range(NULL::webhook_delivery_status))::text");

        Assert.Equal(["cancelled", "dead_letter", "pending", "succeeded"], labels.Order(StringComparer.Ordinal));
        Assert.Equal(labels.Count, Enum.GetValues<DeliveryStatus>().Length);
    }

    private static async Task RefusedAsync(string constraint, Func<Task> change)
    {
        var refusal = await Assert.ThrowsAsync<PostgresException>(change);
        Assert.Equal(constraint, refusal.ConstraintName);
    }
}
