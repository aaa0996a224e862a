using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dograh.Webhooks.Data.Migrations
{
    /// <inheritdoc />
    public partial class DeadLetterGroups : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Each step can be taken again: indexes are built beside the writers, outside a transaction, and whoever is stopped there begins anew.
            migrationBuilder.Sql("DROP INDEX IF EXISTS ix_webhook_deliveries_dead_letter_answered, ix_webhook_deliveries_dead_letter_unanswered");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_dead_letter_answered",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "endpoint_host", "last_status_code", "created_at", "id" },
                filter: "status = 'dead_letter' AND last_status_code IS NOT NULL")
                .Annotation("Npgsql:CreatedConcurrently", true);

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_dead_letter_unanswered",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "endpoint_host", "created_at", "id" },
                filter: "status = 'dead_letter' AND last_status_code IS NULL")
                .Annotation("Npgsql:CreatedConcurrently", true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_webhook_deliveries_dead_letter_answered",
                table: "webhook_deliveries");

            migrationBuilder.DropIndex(
                name: "ix_webhook_deliveries_dead_letter_unanswered",
                table: "webhook_deliveries");
        }
    }
}
