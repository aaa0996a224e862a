using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dograh.Webhooks.Data.Migrations
{
    /// <inheritdoc />
    public partial class SigningSecrets : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "signing_secrets",
                columns: table => new
                {
                    organization_id = table.Column<long>(type: "bigint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    workflow_id = table.Column<long>(type: "bigint", nullable: true),
                    webhook_node_id = table.Column<string>(type: "text", nullable: true),
                    algorithm = table.Column<string>(type: "text", nullable: false),
                    encrypted_secret = table.Column<byte[]>(type: "bytea", nullable: false),
                    prefix = table.Column<string>(type: "text", nullable: false),
                    public_key = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()"),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_signing_secrets", x => new { x.organization_id, x.id });
                    table.CheckConstraint("ck_signing_secrets_algorithm", "algorithm IN ('v1', 'v1a')");
                    table.CheckConstraint("ck_signing_secrets_public_key", "(algorithm = 'v1a') = (public_key IS NOT NULL)");
                    table.CheckConstraint("ck_signing_secrets_scope", "(workflow_id IS NULL) = (webhook_node_id IS NULL)");
                    table.ForeignKey(
                        name: "fk_signing_secrets_organization",
                        column: x => x.organization_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_signing_secrets_workflow",
                        columns: x => new { x.organization_id, x.workflow_id },
                        principalTable: "workflows",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_signing_secrets_scope",
                table: "signing_secrets",
                columns: new[] { "organization_id", "workflow_id", "webhook_node_id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "signing_secrets");
        }
    }
}
