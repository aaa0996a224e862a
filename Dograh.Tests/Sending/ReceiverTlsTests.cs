using System.Buffers.Binary;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dograh.Tests.Faults;
using Dograh.Tests.Support;
using Dograh.Webhooks.Sending;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Sending;

/// <summary>How TLS is spoken; which certificates are trusted is in <see cref="CertificateTests"/>.</summary>
public sealed class ReceiverTlsTests(TestServers servers) : SenderTest(servers)
{
    private const int Handshake = 22;
    private const int SupportedVersions = 43;

    [Fact]
    public async Task TLS_1_2_and_1_3_are_offered_and_nothing_older()
    {
        var hello = new TaskCompletionSource<byte[]>();
        await using var receiver = FaultyReceiver.Doing(async caller => hello.TrySetResult(await caller.ReadSomeAsync()));

        await AttemptAsync(AClaim(receiver.TlsUrl));

        Assert.Equal([0x0304, 0x0303], VersionsIn(await hello.Task.Soon()));
        Assert.Equal(SslProtocols.Tls12 | SslProtocols.Tls13, ReceiverTls.NewOptions().EnabledSslProtocols);
    }

    // A server hello of TLS 1.1 and 1.0: the handshake ends there, and no key is ever exchanged.
    [Theory]
    [InlineData(0x02)]
    [InlineData(0x01)]
    public async Task A_receiver_that_knows_only_an_older_TLS_is_not_sent_to(byte minor)
    {
        var answer = new TaskCompletionSource<byte[]>();
        await using var receiver = FaultyReceiver.Doing(async caller =>
        {
            await caller.ReadSomeAsync();
            byte[] hello = [2, 0, 0, 38, 3, minor, .. new byte[32], 0, 0xc0, 0x13, 0];
            await caller.SendAsync([Handshake, 3, minor, 0, (byte)hello.Length, .. hello]);
            answer.TrySetResult(await caller.ReadSomeAsync());
        });

        var attempt = await AttemptAsync(AClaim(receiver.TlsUrl));

        Assert.StartsWith("TLS: ", attempt.Error, StringComparison.Ordinal);
        Assert.False(attempt.IsPermanent);
        Assert.NotEqual(Handshake, (await answer.Task.Soon()).FirstOrDefault());
    }

    // What a certificate names to be asked about it is the receiver's to choose: it could be any host inside.
    [Fact]
    public async Task Nothing_that_a_receivers_certificate_names_is_asked()
    {
        await using var inside = await Receiver.StartAsync();
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issuer = Issuer("An issuer that the receiver does not send", rootKey);
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", leafKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([inside.At("/ocsp").AbsoluteUri], [inside.At("/issuer.crt").AbsoluteUri]));
        request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([inside.At("/revoked.crl").AbsoluteUri]));
        using var signed = request.Create(issuer, new DateTimeOffset(issuer.NotBefore), new DateTimeOffset(issuer.NotAfter), [1, 2, 3]);
        using var certificate = signed.CopyWithPrivateKey(leafKey);
        await using var receiver = FaultyReceiver.Doing(caller => caller.AuthenticateAsync(certificate));

        var attempt = await AttemptAsync(AClaim(receiver.TlsUrl));

        Assert.StartsWith("TLS: ", attempt.Error, StringComparison.Ordinal);
        Assert.Empty(inside.Requests);
    }

    private static X509Certificate2 Issuer(string name, ECDsa key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        var today = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(today.AddDays(-1), today.AddDays(1));
    }

    // A client hello (RFC 8446 section 4.1.2): record and handshake headers, version, random, session, ciphers, compression, then the extensions.
    private static List<int> VersionsIn(byte[] hello)
    {
        var at = 5 + 4 + 2 + 32;
        at += 1 + hello[at];
        at += 2 + BinaryPrimitives.ReadUInt16BigEndian(hello.AsSpan(at));
        at += 1 + hello[at];
        at += 2;
        while (BinaryPrimitives.ReadUInt16BigEndian(hello.AsSpan(at)) != SupportedVersions) at += 4 + BinaryPrimitives.ReadUInt16BigEndian(hello.AsSpan(at + 2));
        var versions = hello.AsSpan(at + 5, hello[at + 4]);
        var found = new List<int>();
        for (var i = 0; i < versions.Length; i += 2) found.Add(BinaryPrimitives.ReadUInt16BigEndian(versions[i..]));
        return found;
    }
}
