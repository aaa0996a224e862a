using Dograh.Webhooks.Credentials.OAuth;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Retention;
using Dograh.Webhooks.Signing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Sending;

/// <summary>Registers what the API and the worker both need of deliveries, and the sender that only a worker has.</summary>
public static class SendingServices
{
    /// <summary>Adds the delivery and egress options (checked at start), the guard and the store.</summary>
    public static TBuilder AddDograhDeliveries<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        var services = builder.Services;
        services.AddOptions<WebhookDeliveryOptions>()
            .Bind(builder.Configuration.GetSection(WebhookDeliveryOptions.SectionName)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<WebhookDeliveryOptions>, WebhookDeliveryOptionsValidator>();
        services.AddOptions<RetentionOptions>().Bind(builder.Configuration.GetSection(RetentionOptions.SectionName)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RetentionOptions>, RetentionOptionsValidator>();
        services.AddOptions<EgressOptions>().Bind(builder.Configuration.GetSection(EgressOptions.SectionName)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<EgressOptions>, EgressOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<EgressGuard>();
        services.AddSingleton<DeliveryStore>();
        return builder;
    }

    /// <summary>Adds the sender, what resolves secrets for it, and the database's clock.</summary>
    public static TBuilder AddDograhSender<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        var services = builder.Services;
        services.AddSingleton<DatabaseClock>();
        services.AddSingleton<SigningKeyResolver>();
        services.AddSingleton<DeliverySecretsResolver>();
        services.AddSingleton<ReceiverOrigins>();
        services.AddSingleton<OAuthTokenStore>();
        services.AddSingleton<TokenEndpoint>();
        services.AddSingleton<OAuthTokens>();
        services.AddSingleton(provider => new DeliverySender(
            provider.GetRequiredService<EgressGuard>(), provider.GetRequiredService<ReceiverOrigins>(),
            provider.GetRequiredService<DatabaseClock>(), provider.GetRequiredService<OAuthTokens>(),
            provider.GetRequiredService<DeliveryStore>().IsHeldAsync, provider.GetRequiredService<TimeProvider>(), Random.Shared.NextDouble));
        return builder;
    }
}
