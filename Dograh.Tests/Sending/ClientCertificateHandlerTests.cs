using System.Text.Json;
using Dograh.Tests.Credentials;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Sending;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Dograh.Tests.Sending;

/// <summary>How many connections' pools are kept; what they are for is in <see cref="ClientCertificateTests"/>.</summary>
public sealed class ClientCertificateHandlerTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(2);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void One_version_of_a_certificate_shares_its_connections_and_another_has_its_own()
    {
        using var handler = NewHandler();
        using var one = handler.Rent(Certificate("1"));
        using var same = handler.Rent(Certificate("1"));
        using var other = handler.Rent(Certificate("2"));

        Assert.Same(one.Invoker, same.Invoker);
        Assert.NotSame(one.Invoker, other.Invoker);
        Assert.Equal(2, handler.Pools);
    }

    [Fact]
    public void What_has_not_been_used_for_a_while_is_closed_and_what_is_in_use_is_not()
    {
        using var handler = NewHandler();
        handler.Rent(Certificate("idle")).Dispose();
        using var used = handler.Rent(Certificate("used"));

        _time.Advance(Idle * 2);
        Assert.Equal(1, handler.Pools);

        used.Dispose();
        _time.Advance(Idle * 2);
        Assert.Equal(0, handler.Pools);
    }

    [Fact]
    public void No_more_than_so_many_are_kept_that_nobody_uses()
    {
        using var handler = NewHandler();
        for (var i = 0; i < ClientCertificateHandler.MaxUnused + 20; i++)
        {
            handler.Rent(Certificate($"{i}")).Dispose();
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(ClientCertificateHandler.MaxUnused, handler.Pools);
    }

    [Fact]
    public void What_is_no_certificate_cannot_be_sent_with()
    {
        using var handler = NewHandler();
        var broken = ClientCertificate.Read(new CredentialVersion(1, Guid.Empty, "00"), JsonElement.Parse("""{"certificate_pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "private_key_pem": ""}"""));

        Assert.Throws<UnsendableException>(() => handler.Rent(broken));
        Assert.Equal(0, handler.Pools);
    }

    private static ClientCertificate Certificate(string version) => ClientCertificate.Read(new CredentialVersion(1, Guid.Empty, version), JsonElement.Parse(Data));

    private static string Data { get; } = NewData();

    private static string NewData()
    {
        using var authority = Certificates.NewAuthority("An authority");
        using var certificate = authority.Certify("somebody");
        return certificate.Data();
    }

    private ClientCertificateHandler NewHandler() => new(new EgressConnector(new EgressGuard(Options.Create(new EgressOptions())), _time), _time);
}
