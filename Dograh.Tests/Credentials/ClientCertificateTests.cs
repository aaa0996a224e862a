using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Deliveries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Credentials;

/// <summary>Receivers that want to see a certificate, asked by a worker process: whom it trusts is a process's to say.</summary>
public sealed class ClientCertificateTests(TestServers servers) : WorkerTest(servers)
{
    private static readonly Guid Uuid = Guid.CreateVersion7();

    private readonly X509Certificate2 _authority = Certificates.NewAuthority("An authority that the worker trusts");
    private readonly X509Certificate2 _clients = Certificates.NewAuthority("An authority that the receiver trusts");
    private readonly ConcurrentQueue<(string? Subject, int Length)> _received = new();
    private RunningStack _stack = null!;
    private TestWorker _process = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        var trusted = Path.Combine(Servers.NewFolder("trusted"), "authorities.pem");
        await File.WriteAllTextAsync(trusted, _authority.ExportCertificatePem(), Token);
        _stack = new RunningStack(Servers.NewFolder("mtls"), Database.ConnectionString, Redis.ConnectionString);
        await _stack.StartWorkerAsync(("SSL_CERT_FILE", trusted));
        _process = await ComposeWorkerAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _stack.DisposeAsync();
        _authority.Dispose();
        _clients.Dispose();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task A_receiver_gets_its_deliveries_from_whom_the_certificate_says_small_and_large_and_the_next_one_once_it_is_changed()
    {
        await using var receiver = await StartReceiverAsync(ClientCertificateMode.RequireCertificate);
        var url = UrlOf(receiver);
        using var middle = Certificates.NewAuthority("Between", _clients);
        using var first = middle.Certify("first");
        var small = await AddAsync(url, first.Data(middle));
        await UntilAsync(small, DeliveryStatus.Succeeded);
        var large = await Database.AddAsync(ADelivery().Of(await RunOfAsync(small)).To(url).WithCredential(Uuid).WithPayload($"\"{new string('x', 200_000)}\""));
        await UntilAsync(large, DeliveryStatus.Succeeded);

        using var second = _clients.Certify("second");
        await Database.ExecuteAsync("UPDATE external_credentials SET encrypted_data = $1", _process.Get<CredentialProtector>().Protect(CredentialType.Mtls, small.OrganizationId, Uuid, second.Data()));
        var after = await Database.AddAsync(ADelivery().Of(await RunOfAsync(small)).To(url).WithCredential(Uuid));
        await UntilAsync(after, DeliveryStatus.Succeeded);

        Assert.Equal([("CN=first", 27), ("CN=first", 200_002), ("CN=second", 27)], _received);
        Assert.DoesNotContain(first.KeyPem().Split('\n')[1], _stack.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receiver_that_does_not_know_the_certificates_issuer_gets_nothing_and_the_delivery_is_tried_again()
    {
        await using var receiver = await StartReceiverAsync(ClientCertificateMode.RequireCertificate);
        using var stranger = Certificates.NewAuthority("A stranger");
        using var certificate = stranger.Certify("somebody");
        var key = await AddAsync(UrlOf(receiver), certificate.Data());

        await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(key)).AttemptCount > 1);

        Assert.Empty(_received);
        Assert.Null((await Database.DeliveryAsync(key)).LastStatusCode);
    }

    [Fact]
    public async Task A_receiver_that_does_not_ask_for_the_certificate_is_sent_nothing()
    {
        await using var receiver = await StartReceiverAsync(ClientCertificateMode.NoCertificate);
        using var certificate = _clients.Certify("somebody");
        var small = await AddAsync(UrlOf(receiver), certificate.Data());
        var large = await Database.AddAsync(ADelivery().Of(await RunOfAsync(small)).To(UrlOf(receiver)).WithCredential(Uuid).WithPayload($"\"{new string('x', 200_000)}\""));

        foreach (var key in new[] { small, large }) await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(key)).AttemptCount > 0);

        foreach (var key in new[] { small, large })
        {
            Assert.Equal("TLS: the receiver did not ask for the client certificate, and nothing was sent without it", (await Database.AttemptsAsync(key))[0].Error);
        }

        Assert.Empty(_received);
    }

    [Fact]
    public async Task Without_TLS_there_is_nothing_to_show_it_in_so_the_delivery_is_a_dead_letter()
    {
        using var certificate = _clients.Certify("somebody");
        var key = await AddAsync(Receiver.Url, certificate.Data());

        var row = await UntilAsync(key, DeliveryStatus.DeadLetter);

        Assert.Equal((0, "the credential is a client certificate, which only an https URL can be sent"), (row.AttemptCount, row.LastError));
        Assert.Empty(Receiver.Requests);
    }

    private static Uri UrlOf(WebApplication receiver) => new(new Uri(receiver.Urls.Single()), "/hook");

    private async Task<WebApplication> StartReceiverAsync(ClientCertificateMode mode)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        var certificate = _authority.Certify("127.0.0.1");
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = certificate,
                ClientCertificateMode = mode,
                ClientCertificateValidation = (shown, chain, _) => IsOfOurs(shown, chain),
            });
        }));
        var receiver = builder.Build();
        receiver.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            _received.Enqueue((context.Connection.ClientCertificate?.Subject, (int)body.Length));
        });
        await receiver.StartAsync(Token);
        return receiver;
    }

    // With what the caller sent besides, and not a certificate more.
    private bool IsOfOurs(X509Certificate2 shown, X509Chain? sent)
    {
        using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true } };
        chain.ChainPolicy.CustomTrustStore.Add(_clients);
        if (sent is not null) chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        return chain.Build(shown);
    }

    private async Task<DeliveryKey> AddAsync(Uri url, string data)
    {
        var run = await Database.AddRunAsync(await Database.AddOrganizationAsync());
        await Database.AddCredentialAsync(_process, run.OrganizationId, Uuid, CredentialType.Mtls, data);
        return await Database.AddAsync(ADelivery().Of(run).To(url).WithCredential(Uuid));
    }

    private async Task<ARun> RunOfAsync(DeliveryKey key)
    {
        var delivery = await Database.DeliveryAsync(key);
        return new ARun(delivery.OrganizationId, delivery.WorkflowId, delivery.WorkflowRunId);
    }
}
