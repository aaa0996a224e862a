using Dograh.Webhooks.Data;
using Microsoft.Extensions.Options;

namespace Dograh.Api;

/// <summary>Applies migrations as the API starts, where the settings say so, however late the database comes up.</summary>
/// <remarks>In the background: <c>/alive</c> answers meanwhile, <c>/health</c> turns healthy once it is done, and requests get 503 until then.</remarks>
internal sealed partial class MigrationRunner(DatabaseMigrator migrator, IOptions<DatabaseOptions> options, ILogger<MigrationRunner> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            if (options.Value.MigrateOnStartup) await migrator.MigrateWhenReachableAsync(stoppingToken);
            else await migrator.WaitUntilCurrentAsync(stoppingToken);
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

    [LoggerMessage(1, LogLevel.Critical, "The migrations failed.")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
