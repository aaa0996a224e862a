using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dograh.Webhooks.Data.Migrations
{
    /// <inheritdoc />
    public partial class DeliveryListings : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_webhook_deliveries_host",
                table: "webhook_deliveries");

            migrationBuilder.DropIndex(
                name: "ix_webhook_deliveries_list",
                table: "webhook_deliveries");

            migrationBuilder.DropIndex(
                name: "ix_webhook_deliveries_node",
                table: "webhook_deliveries");

            migrationBuilder.DropIndex(
                name: "ix_webhook_deliveries_workflow",
                table: "webhook_deliveries");

            migrationBuilder.AlterTable(
                name: "webhook_deliveries")
                .Annotation("Npgsql:StorageParameter:fillfactor", 50);

            migrationBuilder.CreateTable(
                name: "webhook_delivery_listings",
                columns: table => new
                {
                    organization_id = table.Column<long>(type: "bigint", nullable: false),
                    id = table.Column<long>(type: "bigint", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    workflow_id = table.Column<long>(type: "bigint", nullable: false),
                    webhook_node_id = table.Column<string>(type: "text", nullable: false),
                    endpoint_host = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_webhook_delivery_listings", x => new { x.organization_id, x.id });
                });

            // Empty: what is there already is listed by the workers' sweep, beside the traffic. Filled here, a large table would be locked for minutes.
            migrationBuilder.AddForeignKey(
                name: "fk_webhook_delivery_listings_delivery",
                table: "webhook_delivery_listings",
                columns: new[] { "organization_id", "id" },
                principalTable: "webhook_deliveries",
                principalColumns: new[] { "organization_id", "id" },
                onDelete: ReferentialAction.Cascade);

            migrationBuilder.CreateIndex(
                name: "ix_webhook_delivery_listings_created_at",
                table: "webhook_delivery_listings",
                columns: new[] { "organization_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_webhook_delivery_listings_host",
                table: "webhook_delivery_listings",
                columns: new[] { "organization_id", "endpoint_host", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_webhook_delivery_listings_node",
                table: "webhook_delivery_listings",
                columns: new[] { "organization_id", "webhook_node_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_webhook_delivery_listings_workflow",
                table: "webhook_delivery_listings",
                columns: new[] { "organization_id", "workflow_id", "created_at", "id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "webhook_delivery_listings");

            migrationBuilder.AlterTable(
                name: "webhook_deliveries")
                .OldAnnotation("Npgsql:StorageParameter:fillfactor", 50);

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
                name: "ix_webhook_deliveries_workflow",
                table: "webhook_deliveries",
                columns: new[] { "organization_id", "workflow_id", "created_at", "id" });
        }
    }
}
