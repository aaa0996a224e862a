using Dograh.Webhooks.Credentials.OAuth;
using Dograh.Webhooks.Signing;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.KeyManagement.Internal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Dograh.Webhooks.Credentials;

/// <summary>Registers Data Protection with its key ring in PostgreSQL under the master key, and what reads and makes secrets.</summary>
public static class SecretsServices
{
    // Every process that shares a database must share this name, or none opens what another has sealed.
    private const string ApplicationName = "Dograh.Webhooks";

    /// <summary>Adds the options (checked at start), the key ring, the protectors, <see cref="CredentialResolver"/> and <see cref="SigningSecretStore"/>.</summary>
    public static TBuilder AddDograhSecrets<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        var services = builder.Services;
        services.AddOptions<SecretsOptions>().Bind(builder.Configuration.GetSection(SecretsOptions.SectionName)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SecretsOptions>, SecretsOptionsValidator>();

        services.AddDataProtection().SetApplicationName(ApplicationName);
        services.AddOptions<KeyManagementOptions>().Configure<IOptions<SecretsOptions>, NpgsqlDataSource>((options, secrets, dataSource) =>
        {
            options.XmlRepository = new KeyRingStore(dataSource);
            options.XmlEncryptor = new MasterKeyXmlEncryptor(secrets.Value.DecodeMasterKey());
        });
        // It reads the key ring as the process starts; the database may be late, and the ring is read when it is first needed anyway.
        foreach (var preload in services.Where(service => service.ImplementationType?.Name == "DataProtectionHostedService").ToList())
        {
            services.Remove(preload);
        }

        // Ours in the place of Data Protection's, which it makes and, if need be, makes anew.
        var ring = services.Single(service => service.ServiceType == typeof(IKeyRingProvider));
        services.Remove(ring);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new KeyRing(
            () => (IKeyRingProvider)ActivatorUtilities.CreateInstance(provider, ring.ImplementationType!), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IKeyRingProvider>(provider => provider.GetRequiredService<KeyRing>());

        services.AddSingleton<CredentialProtector>();
        services.AddSingleton<OAuthTokenProtector>();
        services.AddSingleton<CredentialResolver>();
        services.AddSingleton<KeyRingCheck>();
        services.AddSingleton<Reencryption>();
        services.AddSingleton<SigningSecretProtector>();
        services.AddSingleton<SigningSecretStore>();
        return builder;
    }
}
