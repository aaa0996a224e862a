using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dograh.Webhooks.Data.Migrations
{
    /// <inheritdoc />
    public partial class RequestBins : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "request_bins",
                columns: table => new
                {
                    organization_id = table.Column<long>(type: "bigint", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    received = table.Column<long>(type: "bigint", nullable: false),
                    fail_through = table.Column<long>(type: "bigint", nullable: false),
                    fail_status = table.Column<int>(type: "integer", nullable: false),
                    status = table.Column<int>(type: "integer", nullable: false),
                    delay_ms = table.Column<int>(type: "integer", nullable: false),
                    retry_after_seconds = table.Column<int>(type: "integer", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()"),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_request_bins", x => new { x.organization_id, x.id });
                    table.ForeignKey(
                        name: "fk_request_bins_organization",
                        column: x => x.organization_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "bin_requests",
                columns: table => new
                {
                    organization_id = table.Column<long>(type: "bigint", nullable: false),
                    bin_id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false),
                    received_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()"),
                    method = table.Column<string>(type: "text", nullable: false),
                    path = table.Column<string>(type: "text", nullable: false),
                    query = table.Column<string>(type: "text", nullable: true),
                    headers = table.Column<string>(type: "json", nullable: false),
                    body = table.Column<byte[]>(type: "bytea", nullable: false),
                    body_length = table.Column<long>(type: "bigint", nullable: false),
                    webhook_id = table.Column<string>(type: "text", nullable: true),
                    attempt = table.Column<int>(type: "integer", nullable: true),
                    signature = table.Column<string>(type: "text", nullable: false),
                    answered_status = table.Column<int>(type: "integer", nullable: false),
                    answered_delay_ms = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_bin_requests", x => new { x.organization_id, x.bin_id, x.number });
                    table.ForeignKey(
                        name: "fk_bin_requests_bin",
                        columns: x => new { x.organization_id, x.bin_id },
                        principalTable: "request_bins",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_request_bins_id",
                table: "request_bins",
                column: "id");

            migrationBuilder.CreateIndex(
                name: "ix_request_bins_list",
                table: "request_bins",
                columns: new[] { "organization_id", "created_at", "id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "bin_requests");

            migrationBuilder.DropTable(
                name: "request_bins");
        }
    }
}
