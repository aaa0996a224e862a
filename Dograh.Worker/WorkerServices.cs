using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Idempotency;
using Dograh.Webhooks.Queue;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Retention;
using Dograh.Webhooks.Sending;
using Microsoft.Extensions.Options;

namespace Dograh.Worker;

/// <summary>Composes a worker.</summary>
internal static class WorkerServices
{
    // Beyond the drain's own grace, so that the host never cuts it short.
    private static readonly TimeSpan ShutdownMargin = TimeSpan.FromSeconds(5);

    public static HostApplicationBuilder AddDograhWorker(this HostApplicationBuilder builder)
    {
        builder.Logging.RedactByClass();
        builder.AddDograhDatabase(isWorker: true).AddDograhQueue().AddDograhSecrets().AddDograhDeliveries().AddDograhSender();
        builder.Services.AddSingleton<WorkerIdentity>();
        builder.Services.AddSingleton<IdempotencyStore>();
        builder.Services.AddSingleton<AttemptRunner>();
        builder.Services.AddSingleton<OutcomeRecorder>();
        builder.Services.AddSingleton<DeliveryDispatcher>();
        builder.Services.AddHostedService(services => services.GetRequiredService<DeliveryDispatcher>());
        builder.Services.AddHostedService<DeliverySweep>();
        builder.Services.AddSingleton<RetentionStore>();
        builder.Services.AddHostedService<RetentionSweep>();
        builder.Services.AddHostedService<BacklogGauges>();
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<WebhookDeliveryOptions>>((host, deliveries) =>
        {
            host.ShutdownTimeout = TimeSpan.FromSeconds(deliveries.Value.ShutdownGraceSeconds) + ShutdownMargin;
            host.ServicesStopConcurrently = true;
        });
        return builder;
    }
}
