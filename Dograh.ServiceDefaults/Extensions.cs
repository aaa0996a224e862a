using Dograh.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Microsoft.Extensions.Hosting;

/// <summary>What every service of the stack does alike: telemetry over OTLP, health, service discovery, resilient outgoing calls.</summary>
/// <remarks>
/// The standard resilience handler given to every <c>HttpClient</c> here retries. Deliveries never go through such a client: their sender
/// builds its own handlers, for one attempt is one HTTP request.
/// </remarks>
public static class Extensions
{
    private const string HealthPath = "/health";
    private const string AlivePath = "/alive";

    /// <summary>The source and the meter of the domain library; see its <c>DograhTelemetry</c>.</summary>
    private const string DomainTelemetry = "Dograh.Webhooks";

    /// <summary>Adds telemetry, the liveness check, service discovery and the defaults of outgoing calls.</summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        builder.ConfigureOpenTelemetry();
        builder.AddDefaultHealthChecks();
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            http.AddStandardResilienceHandler();
            http.AddServiceDiscovery();
        });
        return builder;
    }

    /// <summary>
    /// Adds logs, metrics and traces over OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says so, one of them where its own <c>OTEL_EXPORTER_OTLP_LOGS_ENDPOINT</c>,
    /// <c>…_METRICS_ENDPOINT</c> or <c>…_TRACES_ENDPOINT</c> does, and nothing where none is set.
    /// </summary>
    /// <remarks>Without them no span is recorded and no instrument read: they would cost about as much as sending, and go nowhere.</remarks>
    public static TBuilder ConfigureOpenTelemetry<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        var (logs, metrics, traces) = (builder.Exports("LOGS"), builder.Exports("METRICS"), builder.Exports("TRACES"));
        if (!logs && !metrics && !traces) return builder;

        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });

        builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddNpgsqlInstrumentation()
                .AddMeter(DomainTelemetry))
            .WithTracing(tracing => tracing
                .AddSource(builder.Environment.ApplicationName)
                .AddSource(DomainTelemetry)
                .AddAspNetCoreInstrumentation(options => options.Filter = context =>
                    !context.Request.Path.StartsWithSegments(HealthPath, StringComparison.OrdinalIgnoreCase)
                    && !context.Request.Path.StartsWithSegments(AlivePath, StringComparison.OrdinalIgnoreCase))
                .AddHttpClientInstrumentation()
                .AddNpgsql()
                .AddProcessor<DeliverySpanProcessor>());

        // It alone reads the variables of each signal, and it exports all of them: one that nobody asked for would go to a collector on this machine.
        builder.Services.AddOpenTelemetry().UseOtlpExporter();
        if (!logs) builder.Logging.AddFilter<OpenTelemetryLoggerProvider>(category: null, LogLevel.None);
        if (!metrics) builder.Services.RemoveAll<MeterProvider>().RemoveAll<IMetricsListener>();
        if (!traces) builder.Services.RemoveAll<TracerProvider>();
        return builder;
    }

    private static bool Exports(this IHostApplicationBuilder builder, string signal) =>
        !string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])
        || !string.IsNullOrWhiteSpace(builder.Configuration[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"]);

    /// <summary>Adds the check that the process runs.</summary>
    public static TBuilder AddDefaultHealthChecks<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), ["live"]);
        return builder;
    }

    /// <summary>Maps <c>/health</c> (all checks; degraded is 200) and <c>/alive</c> (the process runs), in every environment: the platform probes them.</summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        app.MapHealthChecks(HealthPath);
        app.MapHealthChecks(AlivePath, new HealthCheckOptions { Predicate = check => check.Tags.Contains("live") });
        return app;
    }
}
