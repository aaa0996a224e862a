using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dograh.Webhooks.Data.Migrations
{
    /// <inheritdoc />
    public partial class Retention : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AlterColumn<string>(
                name: "payload",
                table: "webhook_deliveries",
                type: "text",
                nullable: true,
                oldClrType: typeof(string),
                oldType: "text");

            // Not validated: no row of before is without a payload, for the column was NOT NULL, and reading the table through would keep everybody
            // from it for as long as that takes. New and changed rows are checked.
            migrationBuilder.Sql(
                """
                ALTER TABLE webhook_deliveries
                ADD CONSTRAINT ck_webhook_deliveries_payload CHECK (payload IS NOT NULL OR status <> 'pending') NOT VALID;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropCheckConstraint(
                name: "ck_webhook_deliveries_payload",
                table: "webhook_deliveries");

            // What was removed is gone; JSON's null stands for it.
            migrationBuilder.Sql(
                """
                UPDATE webhook_deliveries SET payload = 'null' WHERE payload IS NULL;
                ALTER TABLE webhook_deliveries ALTER COLUMN payload SET NOT NULL;
                """);
        }
    }
}
