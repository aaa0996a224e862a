using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dograh.Webhooks.Data.Migrations
{
    /// <inheritdoc />
    public partial class OAuthTokens : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "oauth_tokens",
                columns: table => new
                {
                    organization_id = table.Column<long>(type: "bigint", nullable: false),
                    credential_uuid = table.Column<Guid>(type: "uuid", nullable: false),
                    credential_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    encrypted_token = table.Column<byte[]>(type: "bytea", nullable: true),
                    fetched_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    usable_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    lease = table.Column<Guid>(type: "uuid", nullable: true),
                    leased_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    retry_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    failures = table.Column<int>(type: "integer", nullable: false, defaultValue: 0),
                    error = table.Column<string>(type: "text", nullable: true),
                    is_refused = table.Column<bool>(type: "boolean", nullable: false, defaultValue: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_oauth_tokens", x => new { x.organization_id, x.credential_uuid });
                    table.ForeignKey(
                        name: "fk_oauth_tokens_credential",
                        columns: x => new { x.organization_id, x.credential_uuid },
                        principalTable: "external_credentials",
                        principalColumns: new[] { "organization_id", "uuid" },
                        onDelete: ReferentialAction.Cascade);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "oauth_tokens");
        }
    }
}
