using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Bins;
using Dograh.Api.Credentials;
using Dograh.Api.Deliveries;
using Dograh.Api.Figures;
using Dograh.Api.Http;
using Dograh.Api.Organizations;
using Dograh.Api.Rehearsing;
using Dograh.Api.Runs;
using Dograh.Api.Sending;
using Dograh.Api.Signing;
using Dograh.Api.Workflows;
using Dograh.WebConsole;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Queue;
using Dograh.Webhooks.Quotas;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Runs;
using Dograh.Webhooks.Sending;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Scalar.AspNetCore;

namespace Dograh.Api;

/// <summary>Composes the API: its services, and its paths in the order in which a newcomer meets them.</summary>
internal static class ApiServices
{
    private const int MaxPerMinute = 10_000_000;

    public static WebApplicationBuilder AddDograhApi(this WebApplicationBuilder builder)
    {
        builder.Logging.RedactByClass();
        builder.AddDograhDatabase().AddDograhQueue().AddDograhDeliveries().AddDograhSender();
        var services = builder.Services;
        services.AddSingleton<ApiKeyLookup>();
        services.AddSingleton<FailedLogins>();
        services.AddSingleton<ActingOrganization>();
        services.AddSingleton<KeyRates>();
        services.AddSingleton<KeyUses>().AddHostedService(provider => provider.GetRequiredService<KeyUses>());
        services.AddSingleton<QuotaMeter>();
        services.AddSingleton<FirstStatistics>().AddSingleton<RunIntake>();
        services.AddSingleton<BinSignature>().AddSingleton<BinRates>().AddSingleton<BinReceiver>();
        services.AddSingleton<StatsReader>().AddSingleton<Timelines>().AddSingleton<BacklogReader>();
        services.AddScoped<IdempotentRequest>();
        services.AddScoped<AuditLog>();
        services.AddScoped<DefinitionCheck>();
        services.AddScoped<Rehearsal>().AddScoped<RunPreview>().AddScoped<WorkflowTest>();
        services.AddSingleton<TestRequests>();
        services.AddScoped(provider => provider.GetRequiredService<TenantDatabase>().CreateContext(Caller.Of(provider.GetRequiredService<IHttpContextAccessor>().HttpContext!).OrganizationId));
        services.AddHttpContextAccessor();
        services.AddHostedService<MigrationRunner>();
        services.Configure<AdminOptions>(builder.Configuration.GetSection(AdminOptions.SectionName));
        services.AddAuthentication(ApiKeyHandler.SchemeName).AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.SchemeName, configureOptions: null);
        services.AddAuthorizationBuilder()
            .AddPolicy(Policies.Organization, policy => policy.RequireClaim(Policies.OrganizationClaim).AddRequirements(new ScopeCheck()))
            .AddPolicy(Policies.Admin, policy => policy.RequireRole(Policies.Admin))
            .AddPolicy(Policies.AnyKey, policy => policy.RequireAuthenticatedUser());
        services.AddDograhConsole(ConsoleSignIn.CheckAsync);
        // After authentication, which adds Data Protection too, with the service that reads the key ring as the process starts.
        builder.AddDograhSecrets();
        services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
        services.AddOpenApi(ApiDescription.Configure);

        services.AddOptions<ApiOptions>().Bind(builder.Configuration.GetSection(ApiOptions.SectionName))
            .Validate(api => api.DrainSeconds is >= 0 and <= 3600, "Api:DrainSeconds must be from 0 to 3600")
            .Validate(api => api.MaxBodyBytesAtATime >= api.MaxBodyBytes && api.MaxBodyBytesAtATime <= 1L << 40, "Api:MaxBodyBytesAtATime must be at least Api:MaxBodyBytes, and at most 1 TiB")
            .Validate(api => api.RequestsPerMinutePerKey is >= 0 and <= MaxPerMinute, $"Api:RequestsPerMinutePerKey must be from 0 to {MaxPerMinute}")
            .Validate(api => api.FailedLoginsPerMinutePerAddress is >= 0 and <= MaxPerMinute, $"Api:FailedLoginsPerMinutePerAddress must be from 0 to {MaxPerMinute}")
            .Validate(api => api.MaxConcurrentRequests >= 1, "Api:MaxConcurrentRequests must be at least 1")
            .Validate(api => api.MaxWaitingRequests >= 0, "Api:MaxWaitingRequests must be at least 0").ValidateOnStart();
        services.AddOptions<QuotaOptions>().Bind(builder.Configuration.GetSection(QuotaOptions.SectionName))
            .Validate(quotas => quotas is { DeliveriesPerMinute: >= 0, PendingDeliveries: >= 0, PayloadBytes: >= 0, WebhookNodes: >= 0 }, "Quotas must be at least 0").ValidateOnStart();
        services.AddOptions<ConsoleOptions>().Bind(builder.Configuration.GetSection(ConsoleOptions.SectionName))
            .Validate(console => console.IsValid, $"{ConsoleOptions.SectionName}:{nameof(ConsoleOptions.TraceUrl)} must be an http(s) URL with {ConsoleOptions.TraceId} in it").ValidateOnStart();
        services.AddOptions<BinsOptions>().Bind(builder.Configuration.GetSection(BinsOptions.SectionName))
            .Validate(bins => bins.RequestsPerMinute is >= 0 and <= MaxPerMinute, $"Bins:RequestsPerMinute must be from 0 to {MaxPerMinute}").ValidateOnStart();
        services.AddSingleton<Drain>();
        services.AddHostedService(provider => provider.GetRequiredService<Drain>());
        services.AddHealthChecks().AddCheck<Drain>("stopping");
        services.AddOptions<HostOptions>().Configure<IOptions<ApiOptions>>((host, api) => host.ShutdownTimeout += TimeSpan.FromSeconds(api.Value.DrainSeconds));

        var options = builder.Configuration.GetSection(ApiOptions.SectionName).Get<ApiOptions>() ?? new ApiOptions();
        services.AddOverloadLimit(options).AddSingleton<BodyBudget>();
        // What has not been published finds its pages' scripts and styles where they were built.
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            // A body that trickles keeps others from its room.
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 16 * 1024, gracePeriod: TimeSpan.FromSeconds(10));
        });
        return builder;
    }

    public static WebApplication MapDograhApi(this WebApplication app)
    {
        app.Use(SecurityHeaders.AddAsync);
        app.Use(app.Services.GetRequiredService<Drain>().CloseConnectionAsync);
        app.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandler = Problems.WriteExceptionAsync, SuppressDiagnosticsCallback = _ => true });
        app.UseStatusCodePages(Problems.WriteStatusAsync);
        app.UseDograhConsole();
        app.UseRateLimiter();
        app.UseAuthentication();
        app.Use(app.Services.GetRequiredService<KeyRates>().ServeAsync);
        app.Use(app.Services.GetRequiredService<ActingOrganization>().ServeAsync);
        app.UseAuthorization();
        app.Use(app.Services.GetRequiredService<BodyBudget>().ServeAsync);

        app.MapDefaultEndpoints();
        app.MapOpenApi();
        app.MapScalarApiReference(SecurityHeaders.ReferencePath, scalar => scalar
            .WithTitle("Dograh Webhooks")
            .WithNonce()
            // The page asks no other host for anything.
            .DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().HideDeveloperTools());
        app.MapDograhConsole();

        var api = app.MapGroup("/api/v1");
        api.MapMe();
        api.MapOrganizations();
        api.MapBacklogs();
        api.MapQuotas();
        api.MapOwnQuotas();
        api.MapApiKeys();
        api.MapCredentials();
        api.MapWorkflows();
        api.MapSigning();
        api.MapRuns();
        api.MapRehearsals();
        api.MapDeliveries();
        api.MapDeadLetters();
        api.MapStats();
        api.MapTimeline();
        api.MapAudit();
        api.MapBins();
        if (app.Services.GetRequiredService<IOptions<BinsOptions>>().Value.Enabled) BinReceiver.Map(app);
        return app;
    }
}
