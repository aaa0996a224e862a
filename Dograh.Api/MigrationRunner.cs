using Dograh.Webhooks.Data;
using Dograh.Webhooks.Redaction;
using Microsoft.Extensions.Options;

namespace Dograh.Api;

/// <summary>Applies migrations as the API starts, where the settings say so, however late the database comes up.</summary>
/// <remarks>In the background: <c>/alive</c> answers meanwhile, <c>/health</c> turns healthy once it is done, and requests get 503 until then.</remarks>
internal sealed partial class MigrationRunner(
    DatabaseMigrator migrator, TenantDatabase tenants, IOptions<DatabaseOptions> options, ILogger<MigrationRunner> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            if (options.Value.MigrateOnStartup) await migrator.MigrateWhenReachableAsync(stoppingToken);
            else await migrator.WaitUntilCurrentAsync(stoppingToken);
            await LookAtWallAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
        catch (Exception e)
        {
            // An API without its tables is of no use, and whoever deploys must learn why: the host stops on this.
            LogFailed(logger, e);
            throw;
        }
    }

    // Its user need not be the one that migrates. What cannot be told just now is nobody's reason to stop.
    private async Task LookAtWallAsync(CancellationToken cancellationToken)
    {
        try
        {
            // A connection that was opened before the enum type existed does not know it.
            await tenants.DataSource.ReloadTypesAsync(cancellationToken);
            await using var connection = await tenants.DataSource.OpenConnectionAsync(cancellationToken);
            if (!await TenantWall.IsUpAsync(connection, cancellationToken)) LogNoWall(logger);
        }
        catch (Exception e) when (DatabaseFailure.IsUnavailable(e))
        {
            LogNotLooked(logger, e.GetType().Name, e.Message);
        }
    }

    [LoggerMessage(2, LogLevel.Warning,
        "This API's database user may not become dograh_tenant: organizations are kept apart by the code only, and not by row-level security too. docs/runbook.md says what to do.")]
    private static partial void LogNoWall(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "Whether row-level security is up cannot be told just now ({ErrorType}: {Error}).")]
    private static partial void LogNotLooked(ILogger logger, string errorType, [FailureText] string error);

    [LoggerMessage(1, LogLevel.Critical, "The migrations failed.")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
