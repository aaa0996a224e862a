using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dograh.Webhooks.Data.Migrations
{
    /// <inheritdoc />
    public partial class UnlistedDeliveries : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Each step can be taken again: the index is built beside the writers, outside a transaction, and whoever is stopped there begins anew.
            migrationBuilder.Sql(
                """
                ALTER TABLE webhook_deliveries ADD COLUMN IF NOT EXISTS is_listed boolean NOT NULL DEFAULT FALSE;
                DROP INDEX IF EXISTS ix_webhook_deliveries_unlisted;
                """);

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_unlisted",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "id" },
                filter: "NOT is_listed")
                .Annotation("Npgsql:CreatedConcurrently", true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_webhook_deliveries_unlisted",
                table: "webhook_deliveries");

            migrationBuilder.DropColumn(
                name: "is_listed",
                table: "webhook_deliveries");
        }
    }
}
