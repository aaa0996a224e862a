using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dograh.Webhooks.Data.Migrations
{
    /// <inheritdoc />
    public partial class RunsOfWorkflow : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // It can be taken again: the index is built beside the writers, outside a transaction, and whoever is stopped there begins anew.
            migrationBuilder.Sql("DROP INDEX IF EXISTS ix_workflow_runs_workflow");

            migrationBuilder.CreateIndex(
                name: "ix_workflow_runs_workflow",
                table: "workflow_runs",
                columns: new[] { "organization_id", "workflow_id", "id" })
                .Annotation("Npgsql:CreatedConcurrently", true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_workflow_runs_workflow",
                table: "workflow_runs");
        }
    }
}
