using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dograh.Webhooks.Data.Migrations
{
    /// <inheritdoc />
    public partial class ParkedByState : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Each step can be taken again: indexes are built beside the writers, outside a transaction, and whoever is stopped there begins anew. The old one
            // serves until the new ones do.
            migrationBuilder.Sql("DROP INDEX IF EXISTS ix_webhook_deliveries_cancelled, ix_webhook_deliveries_dead_letter");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_cancelled",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "created_at", "id" },
                filter: "status = 'cancelled'")
                .Annotation("Npgsql:CreatedConcurrently", true);

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_dead_letter",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "created_at", "id" },
                filter: "status = 'dead_letter'")
                .Annotation("Npgsql:CreatedConcurrently", true);

            migrationBuilder.Sql("DROP INDEX IF EXISTS ix_webhook_deliveries_parked");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_webhook_deliveries_cancelled",
                table: "webhook_deliveries");

            migrationBuilder.DropIndex(
                name: "ix_webhook_deliveries_dead_letter",
                table: "webhook_deliveries");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_parked",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "status", "created_at", "id" },
                filter: "status IN ('dead_letter', 'cancelled')");
        }
    }
}
