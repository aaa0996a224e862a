using System.Net;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Sending;
using Microsoft.Extensions.Options;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Sending;

public sealed class EgressGuardTests
{
    [Theory]
    [InlineData("0.0.0.0")] // this network
    [InlineData("0.255.255.255")]
    [InlineData("10.0.0.0")] // private
    [InlineData("10.255.255.255")]
    [InlineData("100.64.0.0")] // shared (CGNAT)
    [InlineData("100.127.255.255")]
    [InlineData("127.0.0.1")] // loopback
    [InlineData("127.255.255.255")]
    [InlineData("169.254.0.0")] // link local
    [InlineData("169.254.169.254")] // cloud metadata
    [InlineData("172.16.0.0")] // private
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.1")] // protocol assignments
    [InlineData("192.0.0.255")]
    [InlineData("192.0.2.1")] // documentation
    [InlineData("192.31.196.1")] // AS112
    [InlineData("192.52.193.1")] // AMT
    [InlineData("192.88.99.1")] // 6to4 relays
    [InlineData("192.168.0.0")] // private
    [InlineData("192.168.255.255")]
    [InlineData("192.175.48.1")] // AS112
    [InlineData("198.18.0.0")] // benchmarking
    [InlineData("198.19.255.255")]
    [InlineData("198.51.100.1")] // documentation
    [InlineData("203.0.113.1")] // documentation
    [InlineData("224.0.0.1")] // multicast
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")] // reserved
    [InlineData("255.255.255.255")] // broadcast
    [InlineData("::")] // unspecified
    [InlineData("::1")] // loopback
    [InlineData("::ffff:127.0.0.1")] // mapped
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::127.0.0.1")] // compatible, long deprecated
    [InlineData("::ffff:0:127.0.0.1")] // translated
    [InlineData("64:ff9b::7f00:1")] // NAT64
    [InlineData("64:ff9b:1::7f00:1")] // local NAT64
    [InlineData("100::1")] // discard
    [InlineData("2001::1")] // Teredo and other protocol assignments
    [InlineData("2001:2::1")] // benchmarking
    [InlineData("2001:10::1")] // ORCHID
    [InlineData("2001:20::1")] // ORCHIDv2
    [InlineData("2001:db8::1")] // documentation
    [InlineData("2002:7f00:1::1")] // 6to4 of 127.0.0.1
    [InlineData("2620:4f:8000::1")] // AS112
    [InlineData("3fff::1")] // documentation
    [InlineData("4000::1")] // not assigned
    [InlineData("5f00::1")] // segment routing
    [InlineData("fc00::1")] // unique local
    [InlineData("fd12:3456:789a::1")]
    [InlineData("fe80::1")] // link local
    [InlineData("fe80::1%1")]
    [InlineData("fec0::1")] // site local, deprecated
    [InlineData("ff02::1")] // multicast
    public void An_address_that_is_not_public_is_refused(string address) => Assert.False(Guard().Allows(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("8.8.8.8")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("126.255.255.255")]
    [InlineData("128.0.0.0")]
    [InlineData("169.253.255.255")]
    [InlineData("169.255.0.0")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.0.1.0")]
    [InlineData("192.0.3.0")]
    [InlineData("192.167.255.255")]
    [InlineData("192.169.0.0")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.0")]
    [InlineData("198.51.99.255")]
    [InlineData("203.0.114.0")]
    [InlineData("223.255.255.255")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("2001:200::1")]
    [InlineData("2001:4860:4860::8888")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001:82a::200e")]
    public void A_public_address_is_allowed(string address) => Assert.True(Guard().Allows(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.1.2.3")]
    [InlineData("::ffff:10.1.2.3")]
    [InlineData("10.1.255.255")]
    [InlineData("192.168.7.7")]
    [InlineData("fd00::5")]
    [InlineData("fe80::1%3")]
    public void What_the_operator_allows_is_allowed(string address) =>
        Assert.True(Guard("10.1.0.0/16, 192.168.7.7;fd00::/8 fe80::/10").Allows(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.2.0.0")]
    [InlineData("192.168.7.8")]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void Nothing_else_is_allowed_with_it(string address) =>
        Assert.False(Guard("10.1.0.0/16, 192.168.7.7;fd00::/8").Allows(IPAddress.Parse(address)));

    [Theory]
    [InlineData("http://127.0.0.1/")]
    [InlineData("http://127.1/")]
    [InlineData("http://2130706433/")]
    [InlineData("http://0x7f000001/")]
    [InlineData("http://0x7f.0.0.1/")]
    [InlineData("http://0177.0.0.1/")]
    [InlineData("http://127.0.0.1.:8080/")]
    [InlineData("http://[::1]/")]
    [InlineData("http://[::ffff:127.0.0.1]/")]
    [InlineData("http://[::ffff:7f00:1]/")]
    [InlineData("http://[0:0:0:0:0:0:0:1]/")]
    [InlineData("http://[fe80::1%251]/")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://①②⑦.0.0.1/")]
    public void A_URL_of_an_address_that_is_not_public_is_refused_however_it_is_written(string url)
    {
        // Where the host is not read as an address it is a name, and is looked at when it is connected to.
        var uri = new Uri(url);
        if (uri.HostNameType == UriHostNameType.Dns) Assert.False(IPAddress.TryParse(uri.IdnHost, out var read) && Guard().Allows(read));
        else Assert.StartsWith("egress to ", Guard().FindFault(uri), StringComparison.Ordinal);
    }

    [Fact]
    public void Plain_http_can_be_turned_off()
    {
        var guard = new EgressGuard(Options.Create(new EgressOptions { AllowHttp = false }));

        Assert.Equal("only https URLs can be sent to (Egress:AllowHttp is off)", guard.FindFault(new Uri("http://crm.example/")));
        Assert.Null(guard.FindFault(new Uri("https://crm.example/")));
    }

    [Theory]
    [InlineData("10.0.0.1/8")] // bits after the prefix
    [InlineData("10.0.0.0/33")]
    [InlineData("example.com")]
    [InlineData("10.0.0.0/8, nonsense")]
    [InlineData("::/129")]
    public void A_network_that_cannot_be_read_is_refused_at_start_and_named(string networks)
    {
        var failure = Assert.Single(new EgressOptionsValidator().Validate(null, new EgressOptions { AllowedNetworks = networks }).Failures!);

        Assert.StartsWith("Egress:AllowedNetworks (EGRESS_ALLOWED_NETWORKS): '", failure, StringComparison.Ordinal);
        Assert.Contains(networks.Split(", ")[^1], failure, StringComparison.Ordinal);
    }

    private static EgressGuard Guard(string? allowed = null) => new(Options.Create(new EgressOptions { AllowedNetworks = allowed }));
}

/// <summary>The guard at work: what the sender does about an address that is not allowed.</summary>
public sealed class EgressTests(TestServers servers) : SenderTest(servers)
{
    private static readonly EgressOptions NothingAllowed = new();

    [Fact]
    public async Task A_URL_with_an_address_that_is_not_allowed_is_unsendable()
    {
        var result = await NewSender(egress: NothingAllowed).SendAsync(AClaim(Receiver.Url), credential: null, Token);

        Assert.Equal(
            new AttemptResult.Unsendable("egress to 127.0.0.1 is not allowed: it is not a public address, and not in Egress:AllowedNetworks"), result);
        Assert.Empty(Receiver.Requests);
    }

    [Fact]
    public async Task A_name_that_leads_to_an_address_that_is_not_allowed_is_a_permanent_failure()
    {
        var url = new UriBuilder(Receiver.Url) { Host = "localhost" }.Uri;

        var result = await NewSender(egress: NothingAllowed).SendAsync(AClaim(url), credential: null, Token);

        var attempt = Assert.IsType<AttemptResult.Attempted>(result);
        Assert.Equal("egress to localhost is not allowed: it is not a public address, and not in Egress:AllowedNetworks", attempt.Error);
        Assert.Null(attempt.StatusCode);
        Assert.Equal(AttemptOutcome.PermanentFailure, DeliveryTransitions.Classify(attempt));
        Assert.Empty(Receiver.Requests);
    }

    [Fact]
    public async Task A_name_is_sent_to_at_the_addresses_of_it_that_are_allowed()
    {
        // The receiver listens on 127.0.0.1 only; that localhost may mean ::1 as well changes nothing.
        var url = new UriBuilder(Receiver.Url) { Host = "localhost" }.Uri;

        var result = await NewSender(egress: new EgressOptions { AllowedNetworks = "127.0.0.0/8, ::1" }).SendAsync(AClaim(url), credential: null, Token);

        Assert.Equal(200, Assert.IsType<AttemptResult.Attempted>(result).StatusCode);
        Assert.Equal(url.Authority, Assert.Single(Receiver.Requests).Header("Host"));
    }

    [Fact]
    public async Task A_connection_that_was_allowed_once_is_no_way_round_for_another_sender()
    {
        Assert.IsType<AttemptResult.Attempted>(await NewSender().SendAsync(AClaim(Receiver.Url), credential: null, Token));

        Assert.IsType<AttemptResult.Unsendable>(await NewSender(egress: NothingAllowed).SendAsync(AClaim(Receiver.Url), credential: null, Token));
    }

    [Fact]
    public async Task A_redirect_to_an_address_that_is_not_allowed_goes_nowhere()
    {
        await using var inside = await Receiver.StartAsync();
        Receiver.Answers(Reply.Redirect(inside.Url, 307));

        Assert.Equal(307, (await AttemptAsync(AClaim(Receiver.Url))).StatusCode);
        Assert.Empty(inside.Requests);
    }
}
