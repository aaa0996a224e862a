using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Dograh.Webhooks.Data;

/// <summary>Unhealthy until every migration is applied.</summary>
internal sealed class MigrationsHealthCheck(DatabaseMigrator migrator) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await migrator.IsCurrentAsync(cancellationToken)
            ? HealthCheckResult.Healthy()
            : new HealthCheckResult(context.Registration.FailureStatus, "Migrations are missing.");
}
