using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Faults;

/// <summary>Receivers whose certificates are not to be trusted: nothing is sent to them, and nothing is given up, for a certificate can be mended.</summary>
public sealed class CertificateTests(TestServers servers) : WorkerTest(servers)
{
    [Fact]
    public async Task Only_a_receiver_with_a_good_certificate_gets_its_delivery()
    {
        using var authority = NewAuthority("An authority that the worker trusts");
        using var stranger = NewAuthority("One that it does not");
        var trusted = Path.Combine(Servers.NewFolder("trusted"), "authorities.pem");
        await File.WriteAllTextAsync(trusted, authority.ExportCertificatePem(), Token);
        var now = DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(await Database.ScalarAsync<double>("SELECT extract(epoch FROM now())::float8"));
        using var good = Certify(authority, "127.0.0.1", now.AddHours(-1), now.AddHours(1));
        using var expired = Certify(authority, "127.0.0.1", now.AddHours(-2), now.AddHours(-1));
        using var early = Certify(authority, "127.0.0.1", now.AddHours(1), now.AddHours(2));
        using var ofAnother = Certify(authority, "crm.example", now.AddHours(-1), now.AddHours(1));
        using var unknown = Certify(stranger, "127.0.0.1", now.AddHours(-1), now.AddHours(1));
        using var selfSigned = NewAuthority("127.0.0.1");
        var requests = 0;
        var receivers = new[] { good, expired, early, ofAnother, unknown, selfSigned }
            .Select(certificate => FaultyReceiver.Doing(async caller =>
            {
                await caller.AuthenticateAsync(certificate);
                await caller.ReadRequestAsync();
                Interlocked.Increment(ref requests);
                await caller.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            })).ToList();

        // A process of its own, for whom it trusts is a process's to say.
        await using var stack = new RunningStack(Servers.NewFolder("tls"), Database.ConnectionString, Redis.ConnectionString);
        await stack.StartWorkerAsync(("SSL_CERT_FILE", trusted));
        var keys = new List<DeliveryKey>();
        foreach (var receiver in receivers) keys.Add(await Database.AddAsync(ADelivery().To(receiver.TlsUrl).WithBackoff(3600, 3600)));
        foreach (var key in keys) await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(key)).AttemptCount == 1);

        Assert.Equal((DeliveryStatus.Succeeded, null), ((await Database.DeliveryAsync(keys[0])).Status, (await Database.DeliveryAsync(keys[0])).LastError));
        foreach (var key in keys.Skip(1))
        {
            var row = await Database.DeliveryAsync(key);
            Assert.Equal((DeliveryStatus.Pending, null), (row.Status, row.LastStatusCode));
            Assert.StartsWith("TLS: ", row.LastError, StringComparison.Ordinal);
        }

        Assert.Equal(1, requests);
        foreach (var receiver in receivers) await receiver.DisposeAsync();
        await Database.AssertConservedAsync();
    }

    private static X509Certificate2 NewAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var today = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(today.AddDays(-1), today.AddDays(1));
    }

    private static X509Certificate2 Certify(X509Certificate2 authority, string name, DateTimeOffset from, DateTimeOffset until)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address)) names.AddIpAddress(address);
        else names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, from, until, RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }
}
