using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Bins;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Credentials.OAuth;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Idempotency;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Quotas;
using Dograh.Webhooks.Runs;
using Dograh.Webhooks.Signing;
using Dograh.Webhooks.Workflows;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Metadata.Conventions;

namespace Dograh.Webhooks.Data;

/// <summary>The model, its migrations and ordinary reads and writes. The hot path's SQL is in <c>Data/Sql</c>.</summary>
/// <remarks>
/// Below <c>organizations</c> and <c>api_keys</c> every primary, unique and foreign key begins with <c>organization_id</c>, so that
/// the database itself refuses a row that points into another tenant, and the tables can be split by organization.
/// </remarks>
public class DograhDbContext : DbContext, IDataProtectionKeyContext
{
    /// <summary>The name of the delivery status's enum type.</summary>
    public const string DeliveryStatusType = "webhook_delivery_status";

    // Percent of a page that inserts fill; measured, see ADR 10.
    private const int DeliveriesFillFactor = 50;

    /// <summary>As the owner, who sees everything.</summary>
    public DograhDbContext(DbContextOptions<DograhDbContext> options) : base(options)
    {
    }

    /// <summary>As somebody else.</summary>
    private protected DograhDbContext(DbContextOptions options) : base(options)
    {
    }

    /// <summary>The tenants.</summary>
    public DbSet<Organization> Organizations => Set<Organization>();

    /// <summary>Their keys.</summary>
    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    /// <summary>What their operator allows them.</summary>
    public DbSet<OrganizationQuotas> OrganizationQuotas => Set<OrganizationQuotas>();

    /// <summary>Who did what to them.</summary>
    public DbSet<AuditEvent> AuditEvents => Set<AuditEvent>();

    /// <summary>Their workflows.</summary>
    public DbSet<Workflow> Workflows => Set<Workflow>();

    /// <summary>The workflows' versions.</summary>
    public DbSet<WorkflowDefinition> WorkflowDefinitions => Set<WorkflowDefinition>();

    /// <summary>The calls.</summary>
    public DbSet<WorkflowRun> WorkflowRuns => Set<WorkflowRun>();

    /// <summary>The encrypted credentials.</summary>
    public DbSet<ExternalCredential> ExternalCredentials => Set<ExternalCredential>();

    /// <summary>The access tokens of those that fetch one, encrypted.</summary>
    public DbSet<OAuthToken> OAuthTokens => Set<OAuthToken>();

    /// <summary>What deliveries are signed with, encrypted.</summary>
    public DbSet<SigningSecret> SigningSecrets => Set<SigningSecret>();

    /// <summary>The deliveries.</summary>
    public DbSet<WebhookDelivery> WebhookDeliveries => Set<WebhookDelivery>();

    /// <summary>What the lists look for in them.</summary>
    public DbSet<DeliveryListing> WebhookDeliveryListings => Set<DeliveryListing>();

    /// <summary>Their attempts.</summary>
    public DbSet<DeliveryAttempt> WebhookDeliveryAttempts => Set<DeliveryAttempt>();

    /// <summary>Receivers for development.</summary>
    public DbSet<RequestBin> RequestBins => Set<RequestBin>();

    /// <summary>What they got.</summary>
    public DbSet<BinRequest> BinRequests => Set<BinRequest>();

    /// <summary>Answers kept for their idempotency keys.</summary>
    public DbSet<IdempotencyRecord> IdempotencyKeys => Set<IdempotencyRecord>();

    /// <summary>The Data Protection key ring, each key wrapped by the master key.</summary>
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <inheritdoc />
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        // Only indexes that a query uses: none merely because a foreign key exists.
        configurationBuilder.Conventions.Remove<ForeignKeyIndexConvention>();

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDbFunction(() => DatabaseFunctions.Now()).HasName("now").IsBuiltIn();

        modelBuilder.Entity<Organization>(e =>
        {
            e.ToTable("organizations");
            e.HasKey(x => x.Id).HasName("pk_organizations");
            e.Property(x => x.CreatedAt).HasDefaultValueSql("now()");
        });

        modelBuilder.Entity<ApiKey>(e =>
        {
            e.ToTable("api_keys");
            e.HasKey(x => x.Id).HasName("pk_api_keys");
            e.HasIndex(x => x.KeyHash).IsUnique().HasDatabaseName("ux_api_keys_key_hash");
            e.HasIndex(x => new { x.OrganizationId, x.CreatedAt, x.Id }).HasDatabaseName("ix_api_keys_list");
            e.HasOne<Organization>().WithMany().HasForeignKey(x => x.OrganizationId)
                .HasConstraintName("fk_api_keys_organization").OnDelete(DeleteBehavior.Cascade);
            e.Property(x => x.Id).ValueGeneratedNever();
            e.Property(x => x.CreatedAt).HasDefaultValueSql("now()");
        });

        modelBuilder.Entity<OrganizationQuotas>(MapQuotas);
        modelBuilder.Entity<AuditEvent>(MapAuditEvent);

        modelBuilder.Entity<Workflow>(e =>
        {
            e.ToTable("workflows");
            e.HasKey(x => new { x.OrganizationId, x.Id }).HasName("pk_workflows");
            e.HasIndex(x => new { x.OrganizationId, x.CreatedAt, x.Id }).HasDatabaseName("ix_workflows_list");
            e.HasOne<Organization>().WithMany().HasForeignKey(x => x.OrganizationId)
                .HasConstraintName("fk_workflows_organization").OnDelete(DeleteBehavior.Cascade);
            e.Property(x => x.Id).UseIdentityByDefaultColumn();
            e.Property(x => x.CreatedAt).HasDefaultValueSql("now()");
        });

        modelBuilder.Entity<WorkflowDefinition>(e =>
        {
            e.ToTable("workflow_definitions");
            e.HasKey(x => new { x.OrganizationId, x.WorkflowId, x.Version }).HasName("pk_workflow_definitions");
            e.HasOne<Workflow>().WithMany().HasForeignKey(x => new { x.OrganizationId, x.WorkflowId })
                .HasConstraintName("fk_workflow_definitions_workflow").OnDelete(DeleteBehavior.Cascade);
            e.Property(x => x.Version).ValueGeneratedNever();
            e.Property(x => x.Definition).HasColumnType("json");
            e.Property(x => x.CreatedAt).HasDefaultValueSql("now()");
        });

        modelBuilder.Entity<WorkflowRun>(e =>
        {
            e.ToTable("workflow_runs", t =>
            {
                t.HasCheckConstraint("ck_workflow_runs_status", $"status IN ('{RunStatus.Running}', '{RunStatus.Completed}')");
                t.HasCheckConstraint("ck_workflow_runs_completed_at", $"(status = '{RunStatus.Completed}') = (completed_at IS NOT NULL)");
            });
            e.HasKey(x => new { x.OrganizationId, x.Id }).HasName("pk_workflow_runs");
            // A workflow's runs, newest first: their ids grow with time.
            e.HasIndex(x => new { x.OrganizationId, x.WorkflowId, x.Id }).IsCreatedConcurrently().HasDatabaseName("ix_workflow_runs_workflow");
            e.HasOne<WorkflowDefinition>().WithMany().HasForeignKey(x => new { x.OrganizationId, x.WorkflowId, x.Version })
                .HasConstraintName("fk_workflow_runs_definition").OnDelete(DeleteBehavior.Cascade);
            e.Property(x => x.Id).UseIdentityByDefaultColumn();
            e.Property(x => x.CreatedAt).HasDefaultValueSql("now()");
            e.Property(x => x.CampaignId).HasColumnType("json");
            e.Property(x => x.InitialContext).HasColumnType("json");
            e.Property(x => x.GatheredContext).HasColumnType("json");
            e.Property(x => x.UsageInfo).HasColumnType("json");
            e.Property(x => x.Annotations).HasColumnType("json");
            e.Property(x => x.Extra).HasColumnType("json");
        });

        modelBuilder.Entity<ExternalCredential>(e =>
        {
            e.ToTable("external_credentials");
            e.HasKey(x => new { x.OrganizationId, x.Uuid }).HasName("pk_external_credentials");
            e.HasIndex(x => new { x.OrganizationId, x.CreatedAt, x.Uuid }).HasFilter("is_active").HasDatabaseName("ix_external_credentials_list");
            e.HasOne<Organization>().WithMany().HasForeignKey(x => x.OrganizationId)
                .HasConstraintName("fk_external_credentials_organization").OnDelete(DeleteBehavior.Cascade);
            e.Property(x => x.Uuid).ValueGeneratedNever();
            e.Property(x => x.CreatedAt).HasDefaultValueSql("now()");
            e.Property(x => x.UpdatedAt).HasDefaultValueSql("now()");
        });

        modelBuilder.Entity<OAuthToken>(e =>
        {
            e.ToTable("oauth_tokens");
            e.HasKey(x => new { x.OrganizationId, x.CredentialUuid }).HasName("pk_oauth_tokens");
            e.HasOne<ExternalCredential>().WithOne().HasForeignKey<OAuthToken>(x => new { x.OrganizationId, x.CredentialUuid })
                .HasConstraintName("fk_oauth_tokens_credential").OnDelete(DeleteBehavior.Cascade);
            e.Property(x => x.CredentialUuid).ValueGeneratedNever();
            e.Property(x => x.Failures).HasDefaultValue(0);
            e.Property(x => x.IsRefused).HasDefaultValue(false);
        });

        modelBuilder.Entity<SigningSecret>(MapSigningSecret);
        modelBuilder.Entity<WebhookDelivery>(MapDelivery);
        modelBuilder.Entity<DeliveryListing>(MapListing);
        modelBuilder.Entity<DeliveryAttempt>(MapAttempt);
        modelBuilder.Entity<RequestBin>(MapBin);
        modelBuilder.Entity<BinRequest>(MapBinRequest);

        modelBuilder.Entity<IdempotencyRecord>(e =>
        {
            e.ToTable("idempotency_keys");
            e.HasKey(x => new { x.OrganizationId, x.Path, x.Key }).HasName(IdempotencyRecord.PrimaryKey);
            // The hourly removal of keys older than a day.
            e.HasIndex(x => x.CreatedAt).HasDatabaseName("ix_idempotency_keys_created_at");
            e.HasOne<Organization>().WithMany().HasForeignKey(x => x.OrganizationId)
                .HasConstraintName("fk_idempotency_keys_organization").OnDelete(DeleteBehavior.Cascade);
            e.Property(x => x.CreatedAt).HasDefaultValueSql("now()");
        });

        modelBuilder.Entity<DataProtectionKey>(e =>
        {
            e.ToTable("data_protection_keys");
            e.HasKey(x => x.Id).HasName("pk_data_protection_keys");
        });
    }

    private static void MapQuotas(EntityTypeBuilder<OrganizationQuotas> e)
    {
        e.ToTable("organization_quotas");
        e.HasKey(x => x.OrganizationId).HasName("pk_organization_quotas");
        e.HasOne<Organization>().WithOne().HasForeignKey<OrganizationQuotas>(x => x.OrganizationId)
            .HasConstraintName("fk_organization_quotas_organization").OnDelete(DeleteBehavior.Cascade);
        e.Property(x => x.OrganizationId).ValueGeneratedNever();
        e.Property(x => x.UpdatedAt).HasDefaultValueSql("now()");
    }

    private static void MapAuditEvent(EntityTypeBuilder<AuditEvent> e)
    {
        e.ToTable("audit_events", t =>
            t.HasCheckConstraint("ck_audit_events_actor", $"actor IN ('{AuditActor.ApiKey}', '{AuditActor.Operator}') AND (actor = '{AuditActor.ApiKey}') = (api_key_id IS NOT NULL)"));
        e.HasKey(x => new { x.OrganizationId, x.Id }).HasName("pk_audit_events");
        // The log, newest first; and what happened to one thing.
        e.HasIndex(x => new { x.OrganizationId, x.CreatedAt, x.Id }).HasDatabaseName("ix_audit_events_list");
        e.HasIndex(x => new { x.OrganizationId, x.ResourceId, x.CreatedAt, x.Id }).HasDatabaseName("ix_audit_events_resource");
        e.HasOne<Organization>().WithMany().HasForeignKey(x => x.OrganizationId)
            .HasConstraintName("fk_audit_events_organization").OnDelete(DeleteBehavior.Cascade);
        e.Property(x => x.Id).ValueGeneratedNever();
        e.Property(x => x.CreatedAt).HasDefaultValueSql("now()");
        e.Property(x => x.Details).HasColumnType("jsonb");
    }

    private static void MapDelivery(EntityTypeBuilder<WebhookDelivery> e)
    {
        e.ToTable("webhook_deliveries", t =>
        {
            t.HasCheckConstraint("ck_webhook_deliveries_attempt_count", "attempt_count >= 0 AND attempt_count <= max_attempts");
            t.HasCheckConstraint("ck_webhook_deliveries_delivered_at", "(status = 'succeeded') = (delivered_at IS NOT NULL)");
            t.HasCheckConstraint("ck_webhook_deliveries_leased_by", "leased_by IS NULL OR status = 'pending'");
            // What is to be sent has what is to be sent, whoever writes: also an API of a build that knows of no removed payloads.
            t.HasCheckConstraint("ck_webhook_deliveries_payload", "payload IS NOT NULL OR status <> 'pending'");
        });
        // Every delivery is claimed and recorded: the row's next versions find room on its own page.
        e.HasStorageParameter("fillfactor", DeliveriesFillFactor);
        e.HasKey(x => new { x.OrganizationId, x.Id }).HasName("pk_webhook_deliveries");
        // Get-or-create, and the list of a run's deliveries.
        e.HasIndex(x => new { x.OrganizationId, x.WorkflowRunId, x.WebhookNodeId }).IsUnique().HasDatabaseName("ux_webhook_deliveries_run_node");
        e.HasIndex(x => new { x.OrganizationId, x.DeliveryUuid }).IsUnique().HasDatabaseName("ux_webhook_deliveries_uuid");
        // The sweep, the claim without Redis, and the lists of what is pending: small, for only pending rows are in it.
        e.HasIndex(x => new { x.ScheduledFor, x.OrganizationId, x.Id }).HasFilter("status = 'pending'").HasDatabaseName("ix_webhook_deliveries_due");
        // The lists of what is parked, newest first. All other lists are looked up in the listings: an index here costs each change of each row.
        // One for each state, which is in the predicate only: behind row-level security an enum's equals cannot be a condition of an index (it is not leakproof).
        e.HasIndex(x => new { x.OrganizationId, x.CreatedAt, x.Id }, "dead_letter").HasDatabaseName("ix_webhook_deliveries_dead_letter").HasFilter("status = 'dead_letter'")
            .IsCreatedConcurrently();
        e.HasIndex(x => new { x.OrganizationId, x.CreatedAt, x.Id }, "cancelled").HasDatabaseName("ix_webhook_deliveries_cancelled").HasFilter("status = 'cancelled'")
            .IsCreatedConcurrently();
        // The groups of dead letters, by receiver and answer, each newest first. Two, for "no answer" cannot be a condition that an index's order goes on from.
        e.HasIndex(x => new { x.OrganizationId, x.EndpointHost, x.LastStatusCode, x.CreatedAt, x.Id }).HasDatabaseName("ix_webhook_deliveries_dead_letter_answered")
            .HasFilter("status = 'dead_letter' AND last_status_code IS NOT NULL").IsCreatedConcurrently();
        e.HasIndex(x => new { x.OrganizationId, x.EndpointHost, x.CreatedAt, x.Id }).HasDatabaseName("ix_webhook_deliveries_dead_letter_unanswered")
            .HasFilter("status = 'dead_letter' AND last_status_code IS NULL").IsCreatedConcurrently();
        // What the sweep has to list: empty, but while a build from before the listings still stores deliveries.
        e.HasIndex(x => new { x.OrganizationId, x.Id }).HasFilter("NOT is_listed").IsCreatedConcurrently().HasDatabaseName("ix_webhook_deliveries_unlisted");
        e.HasOne<WorkflowRun>().WithMany().HasForeignKey(x => new { x.OrganizationId, x.WorkflowRunId })
            .HasConstraintName("fk_webhook_deliveries_run").OnDelete(DeleteBehavior.Cascade);
        e.Property(x => x.Id).UseIdentityByDefaultColumn();
        e.Property(x => x.CustomHeaders).HasColumnType("json");
        e.Property(x => x.Status).HasColumnType(DeliveryStatusType);
        e.Property(x => x.LastError).HasMaxLength(WebhookDelivery.MaxErrorLength);
        e.Property(x => x.AttemptCount).HasDefaultValue(0);
        e.Property(x => x.ClaimCount).HasDefaultValue(0L);
        e.Property(x => x.LostClaims).HasDefaultValue(0);
        e.Property(x => x.IsListed).HasDefaultValue(false);
        e.Property(x => x.ScheduledFor).HasDefaultValueSql("now()");
        e.Property(x => x.CreatedAt).HasDefaultValueSql("now()");
        e.Property(x => x.UpdatedAt).HasDefaultValueSql("now()");
    }

    private static void MapSigningSecret(EntityTypeBuilder<SigningSecret> e)
    {
        e.ToTable("signing_secrets", t =>
        {
            t.HasCheckConstraint("ck_signing_secrets_algorithm", $"algorithm IN ('{SigningAlgorithm.V1}', '{SigningAlgorithm.V1a}')");
            t.HasCheckConstraint("ck_signing_secrets_public_key", $"(algorithm = '{SigningAlgorithm.V1a}') = (public_key IS NOT NULL)");
            t.HasCheckConstraint("ck_signing_secrets_scope", "(workflow_id IS NULL) = (webhook_node_id IS NULL)");
        });
        e.HasKey(x => new { x.OrganizationId, x.Id }).HasName("pk_signing_secrets");
        // What a batch of deliveries is signed with, and the lists: an organization has few.
        e.HasIndex(x => new { x.OrganizationId, x.WorkflowId, x.WebhookNodeId }).HasDatabaseName("ix_signing_secrets_scope");
        e.HasOne<Organization>().WithMany().HasForeignKey(x => x.OrganizationId)
            .HasConstraintName("fk_signing_secrets_organization").OnDelete(DeleteBehavior.Cascade);
        e.HasOne<Workflow>().WithMany().HasForeignKey(x => new { x.OrganizationId, x.WorkflowId })
            .HasConstraintName("fk_signing_secrets_workflow").OnDelete(DeleteBehavior.Cascade);
        e.Property(x => x.Id).ValueGeneratedNever();
        e.Property(x => x.CreatedAt).HasDefaultValueSql("now()");
    }

    private static void MapBin(EntityTypeBuilder<RequestBin> e)
    {
        e.ToTable("request_bins");
        e.HasKey(x => new { x.OrganizationId, x.Id }).HasName("pk_request_bins");
        // Whoever sends to a bin knows its id and not its organization.
        e.HasIndex(x => x.Id).HasDatabaseName("ix_request_bins_id");
        e.HasIndex(x => new { x.OrganizationId, x.CreatedAt, x.Id }).HasDatabaseName("ix_request_bins_list");
        e.HasOne<Organization>().WithMany().HasForeignKey(x => x.OrganizationId)
            .HasConstraintName("fk_request_bins_organization").OnDelete(DeleteBehavior.Cascade);
        e.Property(x => x.Id).ValueGeneratedNever();
        e.Property(x => x.CreatedAt).HasDefaultValueSql("now()");
        e.Property(x => x.UpdatedAt).HasDefaultValueSql("now()");
    }

    private static void MapBinRequest(EntityTypeBuilder<BinRequest> e)
    {
        e.ToTable("bin_requests");
        // The lists, newest first, and the removal of the oldest.
        e.HasKey(x => new { x.OrganizationId, x.BinId, x.Number }).HasName("pk_bin_requests");
        e.HasOne<RequestBin>().WithMany().HasForeignKey(x => new { x.OrganizationId, x.BinId })
            .HasConstraintName("fk_bin_requests_bin").OnDelete(DeleteBehavior.Cascade);
        e.Property(x => x.Number).ValueGeneratedNever();
        e.Property(x => x.ReceivedAt).HasDefaultValueSql("now()");
        e.Property(x => x.Headers).HasColumnType("json");
    }

    private static void MapListing(EntityTypeBuilder<DeliveryListing> e)
    {
        e.ToTable("webhook_delivery_listings");
        e.HasKey(x => new { x.OrganizationId, x.Id }).HasName("pk_webhook_delivery_listings");
        // The lists, newest first; each ends in (created_at, id), the page's key.
        e.HasIndex(x => new { x.OrganizationId, x.CreatedAt, x.Id }).HasDatabaseName("ix_webhook_delivery_listings_created_at");
        e.HasIndex(x => new { x.OrganizationId, x.WorkflowId, x.CreatedAt, x.Id }).HasDatabaseName("ix_webhook_delivery_listings_workflow");
        e.HasIndex(x => new { x.OrganizationId, x.WebhookNodeId, x.CreatedAt, x.Id }).HasDatabaseName("ix_webhook_delivery_listings_node");
        e.HasIndex(x => new { x.OrganizationId, x.EndpointHost, x.CreatedAt, x.Id }).HasDatabaseName("ix_webhook_delivery_listings_host");
        e.HasOne<WebhookDelivery>().WithOne().HasForeignKey<DeliveryListing>(x => new { x.OrganizationId, x.Id })
            .HasConstraintName("fk_webhook_delivery_listings_delivery").OnDelete(DeleteBehavior.Cascade);
        e.Property(x => x.Id).ValueGeneratedNever();
    }

    private static void MapAttempt(EntityTypeBuilder<DeliveryAttempt> e)
    {
        e.ToTable("webhook_delivery_attempts");
        e.HasKey(x => new { x.OrganizationId, x.DeliveryId, x.Number }).HasName("pk_webhook_delivery_attempts");
        // The statistics of a window.
        e.HasIndex(x => new { x.OrganizationId, x.StartedAt }).HasDatabaseName("ix_webhook_delivery_attempts_started_at");
        e.HasOne<WebhookDelivery>().WithMany().HasForeignKey(x => new { x.OrganizationId, x.DeliveryId })
            .HasConstraintName("fk_webhook_delivery_attempts_delivery").OnDelete(DeleteBehavior.Cascade);
        e.Property(x => x.Number).ValueGeneratedNever();
        e.Property(x => x.ResponseHeaders).HasColumnType("json");
    }
}
