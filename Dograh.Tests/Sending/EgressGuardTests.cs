using System.Net;
using CsCheck;
using Dograh.Tests.Faults;
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
    [InlineData("64:ff9b::7f00:1")] // NAT64 of 127.0.0.1
    [InlineData("64:ff9b::a9fe:a9fe")] // NAT64 of 169.254.169.254
    [InlineData("64:ff9b::1:0:7f00:1")] // beside NAT64's prefix
    [InlineData("64:ff9b:1::7f00:1")] // local NAT64
    [InlineData("100::1")] // discard
    [InlineData("2001::1")] // Teredo and other protocol assignments
    [InlineData("2001:2::1")] // benchmarking
    [InlineData("2001:10::1")] // ORCHID
    [InlineData("2001:20::1")] // ORCHIDv2
    [InlineData("2001:db8::1")] // documentation
    [InlineData("2002:7f00:1::1")] // 6to4 of 127.0.0.1
    [InlineData("2002:808:808::1")] // 6to4 of a public address
    [InlineData("2001:0:4136:e378:8000:63bf:3fff:fdd2")] // Teredo
    [InlineData("2001:470:1:2:0:5efe:10.0.0.1")] // ISATAP of 10.0.0.1
    [InlineData("2606:4700::200:5efe:808:808")] // ISATAP of a public address
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
    [InlineData("100.100.100.200")] // metadata of Alibaba's cloud
    [InlineData("168.63.129.16")] // of Azure's, a public address otherwise
    [InlineData("::ffff:168.63.129.16")]
    [InlineData("64:ff9b::a83f:8110")]
    [InlineData("fd00:ec2::254")] // of Amazon's
    [InlineData("fd20:ce::254")] // of Google's
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
    [InlineData("64:ff9b::808:808")] // NAT64 of 8.8.8.8: how a host without IPv4 reaches it
    [InlineData("168.63.129.17")]
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
    [InlineData("169.254.169.254", "169.254.0.0/16")]
    [InlineData("168.63.129.16", "0.0.0.0/0")]
    [InlineData("100.100.100.200", "100.64.0.0/10")]
    [InlineData("fd00:ec2::254", "fd00::/8")]
    public void A_network_that_the_operator_allows_does_not_let_a_metadata_address_in_but_that_address_itself_does(string address, string network)
    {
        Assert.False(Guard(network).Allows(IPAddress.Parse(address)));
        Assert.True(Guard($"{network}, {address}").Allows(IPAddress.Parse(address)));
    }

    // The registries once more, by numbers: first and last address of what is not public.
    private static readonly (string First, string Last)[] NotPublic =
    [
        ("0.0.0.0", "0.255.255.255"), ("10.0.0.0", "10.255.255.255"), ("100.64.0.0", "100.127.255.255"), ("127.0.0.0", "127.255.255.255"),
        ("168.63.129.16", "168.63.129.16"), ("169.254.0.0", "169.254.255.255"), ("172.16.0.0", "172.31.255.255"), ("192.0.0.0", "192.0.0.255"),
        ("192.0.2.0", "192.0.2.255"), ("192.31.196.0", "192.31.196.255"), ("192.52.193.0", "192.52.193.255"), ("192.88.99.0", "192.88.99.255"),
        ("192.168.0.0", "192.168.255.255"), ("192.175.48.0", "192.175.48.255"), ("198.18.0.0", "198.19.255.255"), ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"), ("224.0.0.0", "255.255.255.255"),
    ];

    // Any address, and those about the borders of the networks.
    private static readonly Gen<uint> IPv4 = Gen.Frequency(
        (1, Gen.UInt),
        (3, Gen.Select(Gen.OneOf([.. NotPublic.SelectMany(range => (uint[])[Number(range.First), Number(range.Last)])]), Gen.UInt[0, 4], (border, step) => border + step - 2)));

    [Fact]
    public void An_IPv4_address_is_judged_alike_however_IPv6_carries_it_and_in_a_tunnel_it_is_refused() => IPv4.Sample(number =>
    {
        byte[] bytes = [(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number];
        var isPublic = !Array.Exists(NotPublic, range => number >= Number(range.First) && number <= Number(range.Last));
        var guard = Guard();
        Assert.Equal(isPublic, guard.Allows(new IPAddress(bytes)));
        Assert.Equal(isPublic, guard.Allows(new IPAddress([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, .. bytes]))); // mapped
        Assert.Equal(isPublic, guard.Allows(new IPAddress([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, .. bytes]))); // NAT64
        foreach (byte[] tunnel in (byte[][])
        [
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. bytes], // compatible
            [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, .. bytes], // translated
            [0, 0x64, 0xff, 0x9b, 0, 1, 0, 0, 0, 0, 0, 0, .. bytes], // a network's own NAT64
            [0x20, 0x02, .. bytes, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], // 6to4
            [0x20, 0x01, 0, 0, .. bytes, 0, 0, 0, 0, 1, 2, 3, 4], // Teredo, its server
            [0x20, 0x01, 0, 0, 8, 8, 8, 8, 0, 0, 0, 0, (byte)~bytes[0], (byte)~bytes[1], (byte)~bytes[2], (byte)~bytes[3]], // Teredo, its client
            [0x26, 0x06, 0x47, 0, 0, 0, 0, 0, 0, 0, 0x5e, 0xfe, .. bytes], // ISATAP
            [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0x5e, 0xfe, .. bytes],
        ])
        {
            Assert.False(guard.Allows(new IPAddress(tunnel)));
        }
    }, iter: 20_000, threads: 1);

    [Fact]
    public void Of_IPv6_only_what_is_assigned_for_the_public_is_allowed() => Gen.Byte.Array[16].Sample(bytes =>
    {
        var address = new IPAddress(bytes);
        if (bytes[0] >> 5 != 1 && !address.IsIPv4MappedToIPv6 && !bytes.AsSpan().StartsWith((byte[])[0, 0x64, 0xff, 0x9b])) Assert.False(Guard().Allows(address));
    }, iter: 20_000, threads: 1);

    public static readonly TheoryData<string> WaysToWriteAnAddressThatIsNotPublic =
    [
        "127.0.0.1", "127.1", "127.0.1", "127.0.0.1.", "127.0.0.1..", "2130706433", "0x7f000001", "0x7f.1", "0x7f.0.0.1", "0X7F.0x0.0x0.0x1", "0177.0.0.1", "017700000001", "0177.1",
        "00000177.0.0.1", "127.0.0.01", "127.0.0.0x1", "4294967295", "0", "0.0.0.0", "0x0", "1.0.0.127.in-addr.arpa", "127.0.0.1%00", "127.0.0.1%2f", "127%2e0%2e0%2e1", "%31%32%37.0.0.1", "127.0.0.1%0d%0a",
        "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "۱۲۷.۰.۰.۱", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]",
        "[64:ff9b::127.0.0.1]", "[64:ff9b:1::127.0.0.1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1%25eth0]", "[fe80::1%1]", "[::1%25lo]", "[::ffff:127.0.0.1%25lo]", "[v1.::1]", "[::1",
        "localhost", "LOCALHOST", "localhost.", "LocalHost..", "ｌｏｃａｌｈｏｓｔ", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "loc\u00adalhost", "loc%61lhost", "xn--localhost-", "localhost%00.example", "localhost%20", "ip6-localhost",
        "169.254.169.254", "169.254.43518", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "[fd00:ec2::254]", "[::ffff:a9fe:a9fe]", "168.63.129.16", "2822734096", "100.100.100.200", "10.0.0.1", "10.1", "0xa.0.0.1",
        "172.16.0.1", "192.168.1", "192.168.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "203.0.113.7", "user@127.0.0.1", "1.1.1.1@127.0.0.1", "1.1.1.1#@127.0.0.1", "127.0.0.1\\@1.1.1.1",
        "127.0.0.1 1.1.1.1", "127.0.0.1\t", "127.0.0.1\r\nHost: 1.1.1.1", "127.0.0.1;1.1.1.1", "127.0.0.1&@1.1.1.1", "[::1]@1.1.1.1:",
    ];

    // What is saved, what is rendered and what is connected to all look: whatever the notation, one of them refuses, or the host means nothing at all.
    [Theory]
    [MemberData(nameof(WaysToWriteAnAddressThatIsNotPublic))]
    public async Task However_an_address_is_written_nothing_that_is_not_public_is_connected_to(string host)
    {
        foreach (var url in (string[])[$"http://{host}/", $"https://{host}:443/x?y", $"http:{host}/", $"http:///{host}/", $"http://{host}"])
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || Guard().FindFault(uri) is not null) continue;
            // What comes after an address's end is a path or a fragment to .NET, and its host is another one, public and asked for in so many words.
            if (uri.Host == "1.1.1.1") continue;

            // The socket is asked for this name.
            Func<Task> resolving = () => Guard().ResolveAsync(uri.IdnHost, TestContext.Current.CancellationToken);
            var refused = await Record.ExceptionAsync(resolving);
            Assert.True(refused is EgressDeniedException or System.Net.Sockets.SocketException or ArgumentException, $"{url} leads to {uri.IdnHost}: {refused?.Message ?? "allowed"}");
        }
    }

    // Found by fuzzing: .NET takes such a URL, and throws when it is asked for the host's name.
    [Theory]
    [InlineData("xn--a\u00a0")]
    [InlineData("xn--a\u0085")]
    [InlineData("xn--a\u202e")]
    [InlineData("xn--a\ufeff")]
    [InlineData("xn--é")]
    [InlineData("xn--a.\uffff")]
    [InlineData("\u202e")]
    [InlineData("\u00ad")]
    public void A_host_that_is_no_name_is_a_fault_and_no_exception(string host)
    {
        var url = $"http://{host}:443/";

        if (Dograh.Webhooks.Rendering.UrlTemplate.Validate(url) is null) Assert.NotNull(EgressGuard.HostOf(new Uri(url)));
        if (Uri.TryCreate(url, UriKind.Absolute, out var parsed)) Assert.Equal(EgressGuard.HostOf(parsed) is null, Guard().FindFault(parsed) is not null);
    }

    [Theory]
    [InlineData("443, 8443", "https://crm.example/", null)]
    [InlineData("443;8443", "http://crm.example:8443/", null)]
    [InlineData("443", "http://crm.example/", "egress to port 80 is not allowed: it is not in Egress:AllowedPorts")]
    [InlineData("443", "https://crm.example:22/", "egress to port 22 is not allowed: it is not in Egress:AllowedPorts")]
    [InlineData("443", "https://crm.example:0/", "egress to port 0 is not allowed: it is not in Egress:AllowedPorts")]
    [InlineData(null, "https://crm.example:22/", null)]
    public void Ports_can_be_limited(string? ports, string url, string? fault) =>
        Assert.Equal(fault, new EgressGuard(Options.Create(new EgressOptions { AllowedPorts = ports })).FindFault(new Uri(url)));

    [Theory]
    [InlineData("0")]
    [InlineData("65536")]
    [InlineData("443, https")]
    [InlineData("-1")]
    public void A_port_that_cannot_be_read_is_refused_at_start_and_named(string ports)
    {
        var failure = Assert.Single(new EgressOptionsValidator().Validate(null, new EgressOptions { AllowedPorts = ports }).Failures!);

        Assert.Equal($"Egress:AllowedPorts (EGRESS_ALLOWED_PORTS): '{ports.Split(", ")[^1]}' is not a port (a number from 1 to 65535).", failure);
    }

    [Theory]
    [InlineData("proxy.example:3128")]
    [InlineData("https://user:s3cret@proxy.example")]
    [InlineData("socks5://user:s3cret@proxy.example:1080")]
    [InlineData("http://user:s3cret@proxy.example:3128/path")]
    [InlineData("http://s3cret@proxy.example:3128")]
    [InlineData("http://user:s3cret@:3128")]
    [InlineData("user:s3cret")]
    [InlineData("\\\\\u202e")] // which .NET takes for the path of a file, and stumbles over
    public void A_proxy_that_cannot_be_read_is_refused_at_start_and_its_password_not_repeated(string proxy)
    {
        var failure = Assert.Single(new EgressOptionsValidator().Validate(null, new EgressOptions { Proxy = proxy }).Failures!);

        Assert.StartsWith("Egress:Proxy (EGRESS_PROXY): ", failure, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", failure, StringComparison.Ordinal);
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

    private static uint Number(string address) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(IPAddress.Parse(address).GetAddressBytes());

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

    [Theory]
    [InlineData(300)]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_goes_nowhere(int status)
    {
        await using var inside = await Receiver.StartAsync();
        Receiver.Answers(Reply.Redirect(inside.Url, status).With("Refresh", $"0; url={inside.Url}").With("Alt-Svc", $"h2=\"{inside.Url.Authority}\""));

        Assert.Equal(status, (await AttemptAsync(AClaim(Receiver.Url))).StatusCode);
        Assert.Empty(inside.Requests);
    }

    [Fact]
    public async Task A_port_that_is_not_allowed_is_not_sent_to()
    {
        var egress = new EgressOptions { AllowedNetworks = "127.0.0.0/8", AllowedPorts = "443" };

        var result = await NewSender(egress: egress).SendAsync(AClaim(Receiver.Url), credential: null, Token);

        Assert.Equal(new AttemptResult.Unsendable($"egress to port {Receiver.Url.Port} is not allowed: it is not in Egress:AllowedPorts"), result);
        Assert.Empty(Receiver.Requests);
    }

    // A name server may say one thing to whoever checks and another to whoever connects.
    [Fact]
    public async Task A_name_that_means_another_address_the_next_time_is_connected_to_at_the_address_that_was_checked()
    {
        await using var good = FaultyReceiver.Doing(async caller =>
        {
            await caller.ReadRequestAsync();
            await caller.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        });
        using var inside = new System.Net.Sockets.TcpListener(IPAddress.Parse("127.0.0.2"), good.Url.Port);
        inside.Start();
        var asked = 0;
        var sender = NewSender(
            egress: new EgressOptions { AllowedNetworks = "127.0.0.1" },
            resolver: (name, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(Interlocked.Increment(ref asked) == 1 && name == "rebinding.example" ? "127.0.0.1" : "127.0.0.2")]));
        var claim = AClaim(new UriBuilder(good.Url) { Host = "rebinding.example" }.Uri);

        Assert.Equal(200, Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(claim, credential: null, Token).Soon()).StatusCode);
        Assert.Equal((1, 1), (asked, good.Connections));

        var again = Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(claim, credential: null, Token).Soon());
        Assert.True(again.IsPermanent);
        Assert.Equal((2, 1), (asked, good.Connections));
        Assert.False(inside.Pending());
    }

    [Fact]
    public async Task Of_a_names_addresses_those_that_are_not_allowed_are_passed_over()
    {
        using var inside = new System.Net.Sockets.TcpListener(IPAddress.Parse("127.0.0.2"), Receiver.Url.Port);
        inside.Start();
        var sender = NewSender(
            egress: new EgressOptions { AllowedNetworks = "127.0.0.1" },
            resolver: (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.2"), IPAddress.Loopback, IPAddress.Parse("10.0.0.1")]));

        var result = await sender.SendAsync(AClaim(new UriBuilder(Receiver.Url) { Host = "mixed.example" }.Uri), credential: null, Token).Soon();

        Assert.Equal(200, Assert.IsType<AttemptResult.Attempted>(result).StatusCode);
        Assert.Equal($"mixed.example:{Receiver.Url.Port}", Assert.Single(Receiver.Requests).Header("Host"));
        Assert.False(inside.Pending());
    }
}
