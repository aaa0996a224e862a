using System.Net;
using System.Text;
using Dograh.Tests.Faults;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Sending;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Sending;

/// <summary>Deliveries that leave by a proxy, which is a real one on a socket, or one that is at fault.</summary>
public sealed class EgressProxyTests(TestServers servers) : SenderTest(servers)
{
    private const string Secret = "s3cret p@ss";

    [Fact]
    public async Task A_delivery_goes_through_a_tunnel_to_the_address_that_was_checked()
    {
        var asked = new List<string>();
        await using var proxy = Tunnelling(asked);

        var attempt = await AttemptAsync(proxy, new UriBuilder(Receiver.Url) { Host = "crm.example" }.Uri);

        Assert.Equal((200, null), (attempt.StatusCode, attempt.Error));
        var authorization = $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"user:{Secret}"))}";
        Assert.Equal([$"CONNECT 127.0.0.1:{Receiver.Url.Port} HTTP/1.1\r\nHost: 127.0.0.1:{Receiver.Url.Port}\r\n{authorization}\r\n\r\n"], asked);
        // The receiver sees what it would without a proxy.
        var request = Assert.Single(Receiver.Requests);
        Assert.Equal($"crm.example:{Receiver.Url.Port}", request.Header("Host"));
        Assert.Equal("/hook", request.Path);
        Assert.Null(request.Header("Proxy-Authorization"));
        Assert.Null(request.Header("Via"));
    }

    [Fact]
    public async Task A_URL_is_sent_to_the_letter_through_the_tunnel()
    {
        await using var proxy = Tunnelling([]);
        await using var receiver = RawReceiver.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        var attempt = await AttemptAsync(proxy, new Uri($"http://crm.example:{receiver.Url.Port}/x/%7Eu/../c?q=%41"));

        Assert.Equal(200, attempt.StatusCode);
        Assert.StartsWith($"POST /x/%7Eu/../c?q=%41 HTTP/1.1\r\nHost: crm.example:{receiver.Url.Port}\r\n", receiver.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TLS_is_spoken_with_the_receiver_by_its_name_through_the_tunnel()
    {
        var asked = new List<string>();
        await using var proxy = Tunnelling(asked);
        var hello = new TaskCompletionSource<byte[]>();
        await using var receiver = FaultyReceiver.Doing(async caller => hello.TrySetResult(await caller.ReadSomeAsync()));

        var attempt = await AttemptAsync(proxy, new UriBuilder(receiver.TlsUrl) { Host = "crm.example" }.Uri);

        Assert.Null(attempt.StatusCode);
        Assert.StartsWith($"CONNECT 127.0.0.1:{receiver.Url.Port} HTTP/1.1\r\n", Assert.Single(asked), StringComparison.Ordinal);
        var bytes = await hello.Task.Soon();
        Assert.Equal(22, bytes[0]); // a handshake, and no request in the clear
        Assert.True(bytes.AsSpan().IndexOf("crm.example"u8) > 0);
    }

    [Fact]
    public async Task A_proxy_is_no_way_round_the_guard()
    {
        var asked = new List<string>();
        await using var proxy = Tunnelling(asked);

        // The proxy's own address is the operator's word; the receiver's is not.
        var attempt = await AttemptAsync(proxy, new UriBuilder(Receiver.Url) { Host = "inside.example" }.Uri, allowed: null);

        Assert.True(attempt.IsPermanent);
        Assert.StartsWith("egress to inside.example is not allowed", attempt.Error, StringComparison.Ordinal);
        Assert.Empty(asked);
        Assert.Empty(Receiver.Requests);
    }

    [Fact]
    public async Task The_next_address_is_tried_where_the_proxy_cannot_reach_the_first()
    {
        var asked = new List<string>();
        await using var proxy = FaultyReceiver.Doing(
            async caller =>
            {
                asked.Add(await caller.ReadHeadAsync());
                await caller.SendAsync("HTTP/1.1 502 Bad Gateway\r\n\r\n");
            },
            caller => TunnelAsync(caller, asked));

        var attempt = await AttemptAsync(
            proxy, new UriBuilder(Receiver.Url) { Host = "crm.example" }.Uri, "127.0.0.0/8, ::1", IPAddress.IPv6Loopback, IPAddress.Loopback);

        Assert.Equal(200, attempt.StatusCode);
        Assert.Equal([$"CONNECT [::1]:{Receiver.Url.Port} HTTP/1.1", $"CONNECT 127.0.0.1:{Receiver.Url.Port} HTTP/1.1"], asked.Select(head => head.Split("\r\n")[0]));
    }

    [Theory]
    [InlineData("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", "refused the connection: 407, it asks for another user name and password")]
    [InlineData("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 11\r\n\r\ninside: 403", "refused the connection: 502")]
    [InlineData("HTTP/1.0 403 no\r\n\r\n", "refused the connection: 403")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", "refused the connection: 302")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "sent more than its answer to CONNECT")]
    [InlineData("HTTP/2 200\r\n\r\n", "did not answer CONNECT in HTTP")]
    [InlineData("HTTP/1.1 20\r\n\r\n", "did not answer CONNECT in HTTP")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n", "did not answer CONNECT in HTTP")]
    [InlineData("SSH-2.0-OpenSSH_9.9\r\n\r\n", "did not answer CONNECT in HTTP")]
    [InlineData("\r\n\r\n", "did not answer CONNECT in HTTP")]
    [InlineData("HTTP/1.1 200 OK\r\n", "closed the connection in place of an answer to CONNECT")]
    [InlineData("", "closed the connection in place of an answer to CONNECT")]
    public async Task A_proxy_that_gives_no_tunnel_is_a_transient_failure_that_says_so(string answer, string error)
    {
        await using var proxy = FaultyReceiver.Doing(async caller =>
        {
            await caller.ReadHeadAsync();
            await caller.SendAsync(answer);
        });

        await FailsAsync(proxy, error);
    }

    [Fact]
    public async Task Interim_answers_of_a_proxy_are_passed_over()
    {
        await using var proxy = FaultyReceiver.Doing(async caller =>
        {
            await caller.ReadHeadAsync();
            await caller.SendAsync("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
            await caller.TunnelAsync(new IPEndPoint(IPAddress.Loopback, Receiver.Url.Port));
        });

        Assert.Equal(200, (await AttemptAsync(proxy, Receiver.Url)).StatusCode);
    }

    [Fact]
    public async Task A_proxy_that_never_ends_its_head_is_given_up()
    {
        await using var proxy = FaultyReceiver.Doing(async caller =>
        {
            await caller.ReadHeadAsync();
            await caller.FloodAsync("HTTP/1.1 200 OK\r\nX: y");
        });

        await FailsAsync(proxy, "answered CONNECT with too long a head");
    }

    [Fact]
    public async Task A_proxy_that_resets_or_is_not_there_is_a_transient_failure_that_says_so()
    {
        await using var resetting = FaultyReceiver.Doing(async caller =>
        {
            await caller.ReadHeadAsync();
            caller.Reset();
        });
        await FailsAsync(resetting, "broke the connection");

        var gone = FaultyReceiver.Doing(_ => Task.CompletedTask);
        await gone.DisposeAsync();
        await FailsAsync(gone, "cannot be reached (ConnectionRefused)");
    }

    [Fact]
    public async Task A_proxy_that_hangs_is_told_from_a_receiver_that_does()
    {
        var reached = new TaskCompletionSource();
        await using var proxy = FaultyReceiver.Doing(async caller =>
        {
            await caller.ReadHeadAsync();
            reached.TrySetResult();
            await caller.HoldAsync();
        });

        var sending = AttemptAsync(proxy, Receiver.Url);
        await reached.Task.Soon();
        Time.Advance(TimeSpan.FromSeconds(22.5));

        AssertFailed(await sending, "gave no connection within 22.5 s");
    }

    private static FaultyReceiver Tunnelling(List<string> asked) => FaultyReceiver.Doing(caller => TunnelAsync(caller, asked));

    private static async Task TunnelAsync(FaultyConnection caller, List<string> asked)
    {
        var head = await caller.ReadHeadAsync();
        asked.Add(head);
        var target = IPEndPoint.Parse(head.Split(' ')[1]);
        await caller.SendAsync("HTTP/1.1 200 Connection established\r\n\r\n");
        await caller.TunnelAsync(target);
    }

    private async Task FailsAsync(FaultyReceiver proxy, string error) => AssertFailed(await AttemptAsync(proxy, Receiver.Url), error);

    private void AssertFailed(AttemptResult.Attempted attempt, string error)
    {
        Assert.Equal((null, $"connection: the egress proxy {error}", false), (attempt.StatusCode, attempt.Error, attempt.IsPermanent));
        Assert.Equal(AttemptOutcome.TransientFailure, DeliveryTransitions.Classify(attempt));
        Assert.Empty(Receiver.Requests);
    }

    private async Task<AttemptResult.Attempted> AttemptAsync(FaultyReceiver proxy, Uri url, string? allowed = "127.0.0.0/8", params IPAddress[] addresses)
    {
        var setting = new UriBuilder(proxy.Url) { Path = "", UserName = "user", Password = Uri.EscapeDataString(Secret) }.Uri;
        var sender = NewSender(
            egress: new EgressOptions { AllowedNetworks = allowed, Proxy = setting.AbsoluteUri },
            resolver: (_, _) => Task.FromResult(addresses.Length == 0 ? [IPAddress.Loopback] : addresses));
        var attempt = Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(url), credential: null, Token).Soon());
        Assert.DoesNotContain(Secret, attempt.Error ?? "", StringComparison.Ordinal);
        return attempt;
    }
}
