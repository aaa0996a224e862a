using System;
using Dograh.Webhooks.Deliveries;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Dograh.Webhooks.Data.Migrations
{
    /// <inheritdoc />
    public partial class InitialSchema : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AlterDatabase()
                .Annotation("Npgsql:Enum:webhook_delivery_status", "cancelled,dead_letter,pending,succeeded");

            migrationBuilder.CreateTable(
                name: "data_protection_keys",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    friendly_name = table.Column<string>(type: "text", nullable: true),
                    xml = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_data_protection_keys", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "organizations",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    name = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_organizations", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "api_keys",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    organization_id = table.Column<long>(type: "bigint", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    prefix = table.Column<string>(type: "text", nullable: false),
                    key_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_api_keys", x => x.id);
                    table.ForeignKey(
                        name: "fk_api_keys_organization",
                        column: x => x.organization_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "external_credentials",
                columns: table => new
                {
                    organization_id = table.Column<long>(type: "bigint", nullable: false),
                    uuid = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    description = table.Column<string>(type: "text", nullable: true),
                    credential_type = table.Column<string>(type: "text", nullable: false),
                    encrypted_data = table.Column<byte[]>(type: "bytea", nullable: false),
                    is_active = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()"),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_external_credentials", x => new { x.organization_id, x.uuid });
                    table.ForeignKey(
                        name: "fk_external_credentials_organization",
                        column: x => x.organization_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "idempotency_keys",
                columns: table => new
                {
                    organization_id = table.Column<long>(type: "bigint", nullable: false),
                    path = table.Column<string>(type: "text", nullable: false),
                    key = table.Column<string>(type: "text", nullable: false),
                    request_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    status_code = table.Column<int>(type: "integer", nullable: false),
                    response_body = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_idempotency_keys", x => new { x.organization_id, x.path, x.key });
                    table.ForeignKey(
                        name: "fk_idempotency_keys_organization",
                        column: x => x.organization_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "workflows",
                columns: table => new
                {
                    organization_id = table.Column<long>(type: "bigint", nullable: false),
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    name = table.Column<string>(type: "text", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_workflows", x => new { x.organization_id, x.id });
                    table.ForeignKey(
                        name: "fk_workflows_organization",
                        column: x => x.organization_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "workflow_definitions",
                columns: table => new
                {
                    organization_id = table.Column<long>(type: "bigint", nullable: false),
                    workflow_id = table.Column<long>(type: "bigint", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    definition = table.Column<string>(type: "json", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_workflow_definitions", x => new { x.organization_id, x.workflow_id, x.version });
                    table.ForeignKey(
                        name: "fk_workflow_definitions_workflow",
                        columns: x => new { x.organization_id, x.workflow_id },
                        principalTable: "workflows",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "workflow_runs",
                columns: table => new
                {
                    organization_id = table.Column<long>(type: "bigint", nullable: false),
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    workflow_id = table.Column<long>(type: "bigint", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    name = table.Column<string>(type: "text", nullable: true),
                    campaign_id = table.Column<string>(type: "json", nullable: true),
                    status = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()"),
                    completed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    initial_context = table.Column<string>(type: "json", nullable: true),
                    gathered_context = table.Column<string>(type: "json", nullable: true),
                    usage_info = table.Column<string>(type: "json", nullable: true),
                    annotations = table.Column<string>(type: "json", nullable: true),
                    extra = table.Column<string>(type: "json", nullable: true),
                    recording_url = table.Column<string>(type: "text", nullable: true),
                    transcript_url = table.Column<string>(type: "text", nullable: true),
                    user_recording_url = table.Column<string>(type: "text", nullable: true),
                    bot_recording_url = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_workflow_runs", x => new { x.organization_id, x.id });
                    table.CheckConstraint("ck_workflow_runs_completed_at", "(status = 'completed') = (completed_at IS NOT NULL)");
                    table.CheckConstraint("ck_workflow_runs_status", "status IN ('running', 'completed')");
                    table.ForeignKey(
                        name: "fk_workflow_runs_definition",
                        columns: x => new { x.organization_id, x.workflow_id, x.version },
                        principalTable: "workflow_definitions",
                        principalColumns: new[] { "organization_id", "workflow_id", "version" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "webhook_deliveries",
                columns: table => new
                {
                    organization_id = table.Column<long>(type: "bigint", nullable: false),
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    delivery_uuid = table.Column<Guid>(type: "uuid", nullable: false),
                    workflow_run_id = table.Column<long>(type: "bigint", nullable: false),
                    workflow_id = table.Column<long>(type: "bigint", nullable: false),
                    webhook_node_id = table.Column<string>(type: "text", nullable: false),
                    webhook_name = table.Column<string>(type: "text", nullable: false),
                    endpoint_url = table.Column<string>(type: "text", nullable: false),
                    endpoint_host = table.Column<string>(type: "text", nullable: false),
                    http_method = table.Column<string>(type: "text", nullable: false),
                    payload = table.Column<string>(type: "text", nullable: false),
                    custom_headers = table.Column<string>(type: "json", nullable: false),
                    credential_uuid = table.Column<Guid>(type: "uuid", nullable: true),
                    status = table.Column<DeliveryStatus>(type: "webhook_delivery_status", nullable: false),
                    attempt_count = table.Column<int>(type: "integer", nullable: false, defaultValue: 0),
                    max_attempts = table.Column<int>(type: "integer", nullable: false),
                    attempts_per_replay = table.Column<int>(type: "integer", nullable: false),
                    base_delay_seconds = table.Column<double>(type: "double precision", nullable: false),
                    max_delay_seconds = table.Column<double>(type: "double precision", nullable: false),
                    timeout_seconds = table.Column<double>(type: "double precision", nullable: false),
                    claim_count = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L),
                    lost_claims = table.Column<int>(type: "integer", nullable: false, defaultValue: 0),
                    leased_by = table.Column<string>(type: "text", nullable: true),
                    scheduled_for = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()"),
                    last_status_code = table.Column<int>(type: "integer", nullable: true),
                    last_error = table.Column<string>(type: "character varying(2000)", maxLength: 2000, nullable: true),
                    waiting_for = table.Column<string>(type: "text", nullable: true),
                    trace_parent = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()"),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()"),
                    delivered_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    replayed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_webhook_deliveries", x => new { x.organization_id, x.id });
                    table.CheckConstraint("ck_webhook_deliveries_attempt_count", "attempt_count >= 0 AND attempt_count <= max_attempts");
                    table.CheckConstraint("ck_webhook_deliveries_delivered_at", "(status = 'succeeded') = (delivered_at IS NOT NULL)");
                    table.CheckConstraint("ck_webhook_deliveries_leased_by", "leased_by IS NULL OR status = 'pending'");
                    table.ForeignKey(
                        name: "fk_webhook_deliveries_run",
                        columns: x => new { x.organization_id, x.workflow_run_id },
                        principalTable: "workflow_runs",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "webhook_delivery_attempts",
                columns: table => new
                {
                    organization_id = table.Column<long>(type: "bigint", nullable: false),
                    delivery_id = table.Column<long>(type: "bigint", nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    duration_ms = table.Column<double>(type: "double precision", nullable: false),
                    status_code = table.Column<int>(type: "integer", nullable: true),
                    error = table.Column<string>(type: "text", nullable: true),
                    response_headers = table.Column<string>(type: "json", nullable: true),
                    response_body = table.Column<string>(type: "text", nullable: true),
                    trace_id = table.Column<string>(type: "text", nullable: true),
                    worker = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_webhook_delivery_attempts", x => new { x.organization_id, x.delivery_id, x.number });
                    table.ForeignKey(
                        name: "fk_webhook_delivery_attempts_delivery",
                        columns: x => new { x.organization_id, x.delivery_id },
                        principalTable: "webhook_deliveries",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_api_keys_list",
                table: "api_keys",
                columns: new[] { "organization_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ux_api_keys_key_hash",
                table: "api_keys",
                column: "key_hash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_external_credentials_list",
                table: "external_credentials",
                columns: new[] { "organization_id", "created_at", "uuid" },
                filter: "is_active");

            migrationBuilder.CreateIndex(
                name: "ix_idempotency_keys_created_at",
                table: "idempotency_keys",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_due",
                table: "webhook_deliveries",
                columns: new[] { "scheduled_for", "organization_id", "id" },
                filter: "status = 'pending'");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_host",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "endpoint_host", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_list",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_node",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "webhook_node_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_parked",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "status", "created_at", "id" },
                filter: "status IN ('dead_letter', 'cancelled')");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_workflow",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "workflow_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ux_webhook_deliveries_run_node",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "workflow_run_id", "webhook_node_id" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ux_webhook_deliveries_uuid",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "delivery_uuid" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_webhook_delivery_attempts_started_at",
                table: "webhook_delivery_attempts",
                columns: new[] { "organization_id", "started_at" });

            migrationBuilder.CreateIndex(
                name: "ix_workflows_list",
                table: "workflows",
                columns: new[] { "organization_id", "created_at", "id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "api_keys");

            migrationBuilder.DropTable(
                name: "data_protection_keys");

            migrationBuilder.DropTable(
                name: "external_credentials");

            migrationBuilder.DropTable(
                name: "idempotency_keys");

            migrationBuilder.DropTable(
                name: "webhook_delivery_attempts");

            migrationBuilder.DropTable(
                name: "webhook_deliveries");

            migrationBuilder.DropTable(
                name: "workflow_runs");

            migrationBuilder.DropTable(
                name: "workflow_definitions");

            migrationBuilder.DropTable(
                name: "workflows");

            migrationBuilder.DropTable(
                name: "organizations");

            // EF Core leaves this out of a first migration, and the type would stay behind.
            migrationBuilder.AlterDatabase()
                .OldAnnotation("Npgsql:Enum:webhook_delivery_status", "cancelled,dead_letter,pending,succeeded");
        }
    }
}
