using System.Diagnostics;
using Dograh.Webhooks.Configuration;
using Dograh.Webhooks.Deliveries;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dograh.Webhooks.Data;

/// <summary>Registers PostgreSQL by its connection name: one pool for EF Core and for the hot path's SQL, one for what is an organization's, its health, its migrator.</summary>
public static class DatabaseServices
{
    // Refused or unreachable must show at once: the API answers 503 rather than keep its caller waiting.
    private const int ConnectTimeoutSeconds = 5;

    // Every statement of the hot path is prepared on its connection's second use of it.
    private const int MaxAutoPrepare = 64;

    /// <summary>Adds the data source, the context (pooled), the migrator and the health checks.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="isWorker">Whether it is a worker's: see <see cref="WorkerSessions"/>.</param>
    /// <exception cref="MissingSettingException"><c>ConnectionStrings:dograhdb</c> is missing or cannot be read.</exception>
    public static TBuilder AddDograhDatabase<TBuilder>(this TBuilder builder, bool isWorker = false) where TBuilder : IHostApplicationBuilder
    {
        var connectionString = builder.Configuration.GetConnectionString(ConnectionNames.Database)
            ?? throw new MissingSettingException(
                $"ConnectionStrings:{ConnectionNames.Database} is not set. Give PostgreSQL's connection string, for instance "
                + $"ConnectionStrings__{ConnectionNames.Database}='Host=localhost;Database=dograhdb;Username=dograh;Password=…'.");
        try
        {
            _ = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (ArgumentException e)
        {
            throw new MissingSettingException($"ConnectionStrings:{ConnectionNames.Database} cannot be read: {e.Message}");
        }

        builder.Services.AddSingleton(services => BuildDataSource(connectionString, services.GetService<ILoggerFactory>(), isWorker));
        builder.Services.AddSingleton(services => new TenantDatabase(connectionString, services));
        builder.Services.AddPooledDbContextFactory<DograhDbContext>((services, options) =>
            Configure(options, services.GetRequiredService<NpgsqlDataSource>()));
        builder.Services.AddScoped(services => services.GetRequiredService<IDbContextFactory<DograhDbContext>>().CreateDbContext());
        builder.Services.AddOptions<DatabaseOptions>().Bind(builder.Configuration.GetSection(DatabaseOptions.SectionName)).ValidateOnStart();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<DatabaseMigrator>();
        builder.Services.AddHealthChecks()
            .AddNpgSql(services => services.GetRequiredService<NpgsqlDataSource>(), name: "postgresql", timeout: TimeSpan.FromSeconds(ConnectTimeoutSeconds))
            .AddCheck<MigrationsHealthCheck>("migrations", HealthStatus.Unhealthy, timeout: TimeSpan.FromSeconds(ConnectTimeoutSeconds));
        return builder;
    }

    /// <summary>Builds the data source as every part of the system uses it, tests included.</summary>
    /// <param name="connectionString">PostgreSQL's connection string; what it does not set gets our defaults.</param>
    /// <param name="loggerFactory">Where Npgsql logs; null for nowhere.</param>
    /// <param name="isWorker">Whether it is a worker's: see <see cref="WorkerSessions"/>.</param>
    public static NpgsqlDataSource BuildDataSource(string connectionString, ILoggerFactory? loggerFactory = null, bool isWorker = false)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        var settings = builder.ConnectionStringBuilder;
        if (!settings.ShouldSerialize("Timeout")) settings.Timeout = ConnectTimeoutSeconds;
        if (!settings.ShouldSerialize("Max Auto Prepare")) settings.MaxAutoPrepare = MaxAutoPrepare;
        // Nothing here changes a session, and undoing nothing takes seven statements each time that a connection goes back to the pool.
        if (!settings.ShouldSerialize("No Reset On Close")) settings.NoResetOnClose = true;
        if (string.IsNullOrEmpty(settings.ApplicationName)) settings.ApplicationName = "dograh";
        // Parameters hold payloads and key hashes: they must not reach a log or an error message (I9).
        settings.IncludeErrorDetail = false;
        builder.EnableParameterLogging(false);
        // A statement is traced as part of something; the workers' own polling would be a trace a second of nothing.
        builder.ConfigureTracing(tracing => tracing.ConfigureCommandFilter(_ => Activity.Current is not null));
        if (loggerFactory is not null) builder.UseLoggerFactory(loggerFactory);
        builder.MapEnum<DeliveryStatus>(DograhDbContext.DeliveryStatusType);
        if (isWorker) WorkerSessions.Configure(builder);
        return builder.Build();
    }

    /// <summary>Points a context at the data source, with our naming and types.</summary>
    public static void Configure(DbContextOptionsBuilder options, NpgsqlDataSource dataSource) =>
        options
            .UseNpgsql(dataSource, npgsql => npgsql.MapEnum<DeliveryStatus>(DograhDbContext.DeliveryStatusType))
            .UseSnakeCaseNamingConvention();
}
