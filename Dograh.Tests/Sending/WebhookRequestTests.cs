using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Dograh.Tests.Support;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Sending;

public sealed class WebhookRequestTests(TestServers servers) : SenderTest(servers)
{
    // Sent only while a trace is being recorded, as another test may be doing.
    private static readonly string[] OfTracing = ["traceparent", "tracestate"];

    [Fact]
    public async Task A_request_carries_the_headers_of_the_design_and_no_others()
    {
        var claim = AClaim(Receiver.Url) with { AttemptCount = 2, WorkflowRunId = 4711 };

        await SendAsync(claim);

        var request = Assert.Single(Receiver.Requests);
        var sentAt = Now.ToUnixTimeSeconds();
        Assert.Equal(
            new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase)
            {
                ["Content-Length"] = "27",
                ["Content-Type"] = "application/json",
                ["Host"] = Receiver.Url.Authority,
                ["User-Agent"] = "Dograh-Webhooks/0.1.0",
                ["webhook-id"] = claim.DeliveryUuid.ToString("D"),
                ["webhook-timestamp"] = $"{sentAt}",
                ["webhook-signature"] = SigningAsAnyone.Keys.Sign(claim.DeliveryUuid, sentAt, claim.Payload),
                ["X-Dograh-Delivery-Id"] = claim.DeliveryUuid.ToString("D"),
                ["X-Dograh-Workflow-Run-Id"] = "4711",
                ["X-Dograh-Delivery-Attempt"] = "3",
            },
            Untraced(request));
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    public async Task Methods_with_a_body_send_the_payload_as_it_was_frozen(string method)
    {
        const string Payload = "{\"name\":\"Jürgen 🎉\",\r\n  \"tab\":\"\\t\", \"order\": [ 2 , 1 ],\"order\":0}  ";

        await SendAsync(AClaim(Receiver.Url) with { HttpMethod = method, Payload = System.Text.Encoding.UTF8.GetBytes(Payload) });

        var request = Assert.Single(Receiver.Requests);
        Assert.Equal(method, request.Method);
        Assert.Equal(Encoding.UTF8.GetBytes(Payload), request.Body);
        Assert.Equal("application/json", request.Header("Content-Type"));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task Methods_without_a_body_send_none(string method)
    {
        await SendAsync(AClaim(Receiver.Url) with { HttpMethod = method });

        var request = Assert.Single(Receiver.Requests);
        Assert.Equal(method, request.Method);
        Assert.Empty(request.Body);
        Assert.Null(request.Header("Content-Type"));
        Assert.Null(request.Header("Transfer-Encoding"));
    }

    [Fact]
    public async Task Every_attempt_sends_the_same_bytes_to_the_same_URL_under_the_same_id()
    {
        var sender = NewSender();
        var claim = AClaim(new Uri(Receiver.Url, "/a%2Fb/ü?q=%20x&y=1")) with { Payload = """{"a":"ä","b":1.10}"""u8.ToArray() };
        for (var n = 0; n < 3; n++) await sender.SendAsync(claim with { AttemptCount = n, Token = n + 1 }, credential: null, Token);

        var requests = Receiver.Requests;
        Assert.Equal(["1", "2", "3"], requests.Select(request => request.Header("X-Dograh-Delivery-Attempt")));
        Assert.Single(requests.Select(request => Convert.ToHexString(request.Body)).Distinct());
        Assert.Single(requests.Select(request => request.Header("X-Dograh-Delivery-Id")).Distinct());
        Assert.Equal("?q=%20x&y=1", Assert.Single(requests.Select(request => request.Query).Distinct()));
    }

    [Theory]
    [InlineData("/x/%7Eu/%41/../c?q=%7E%42")]
    [InlineData("/./a/.././b/..?../x")]
    [InlineData("/%2e%2e/%2E/a%2fb%2Fc?%2f=%2F&%c3%a9=%C3%A9")]
    [InlineData("//a//b/?a[]=%31&b=c?d/e&f=!$'()*+,;:@")]
    [InlineData("/%00%0d%0A%25")]
    [InlineData("/")]
    public async Task A_path_and_query_are_sent_to_the_letter(string written)
    {
        Assert.Equal($"POST {written} HTTP/1.1", await RequestLineAsync(written));
    }

    // What HTTP cannot carry as it stands is encoded, and a fragment is nobody's but the client's.
    [Theory]
    [InlineData("", "/")]
    [InlineData("?x=1", "/?x=1")]
    [InlineData("/a b?c d", "/a%20b?c%20d")]
    [InlineData("/ü?ü", "/%C3%BC?%C3%BC")]
    [InlineData("/a%2Fb%zz%", "/a%2Fb%25zz%25")]
    [InlineData("/a\\b", "/a/b")]
    [InlineData("/a/../b?c#d?e", "/b?c")]
    [InlineData("#d", "/")]
    public async Task What_is_no_URL_as_it_stands_is_encoded_and_a_fragment_is_not_sent(string written, string sent)
    {
        Assert.Equal($"POST {sent} HTTP/1.1", await RequestLineAsync(written));
    }

    [Fact]
    public async Task Custom_headers_are_sent_as_they_were_frozen()
    {
        await SendAsync(AClaim(Receiver.Url) with
        {
            CustomHeaders = """
                [{"key":"X-Tenant","value":"acme, inc"},{"key":"X-Idempotency-Key","value":"k"},{"key":"X-Umlaut","value":"grün"},
                 {"key":"Accept","value":"text/plain"},{"key":"X-Empty","value":""}]
                """,
        });

        var request = Assert.Single(Receiver.Requests);
        Assert.Equal("acme, inc", request.Header("X-Tenant"));
        Assert.Equal("k", request.Header("X-Idempotency-Key"));
        Assert.Equal("grün", request.Header("X-Umlaut"));
        Assert.Equal("text/plain", request.Header("Accept"));
        Assert.Equal("", request.Header("X-Empty"));
    }

    // .NET knows these names as a content's.
    public static TheoryData<string, string> ContentHeaders => new MatrixTheoryData<string, string>(
        ["Allow", "Content-Disposition", "Content-Encoding", "content-language", "Content-Location", "Content-MD5", "Content-Range", "Expires", "Last-Modified"],
        ["POST", "GET", "DELETE"]);

    [Theory]
    [MemberData(nameof(ContentHeaders))]
    public async Task A_header_that_describes_a_body_is_sent_without_one_too(string name, string method)
    {
        await SendAsync(AClaim(Receiver.Url) with { CustomHeaders = $$"""[{"key":"{{name}}","value":"as it is, 7"}]""", HttpMethod = method });

        var request = Assert.Single(Receiver.Requests);
        Assert.Equal("as it is, 7", request.Header(name));
        Assert.Equal(method == "POST" ? "application/json" : null, request.Header("Content-Type"));
        Assert.Equal($"{request.Body.Length}", request.Header("Content-Length"));
        Assert.Equal(method == "POST", request.Body.Length > 0);
        Assert.Null(request.Header("Transfer-Encoding"));
    }

    [Theory]
    [MemberData(nameof(ContentHeaders))]
    public async Task Nothing_is_sent_without_its_credential_whatever_the_name_of_its_header(string name, string method)
    {
        var credential = new ResolvedCredential(IsReadable: true, new CredentialHeader(name, "s3cret"));

        await NewSender().SendAsync(AClaim(Receiver.Url) with { CredentialUuid = Guid.CreateVersion7(), HttpMethod = method }, credential, Token);

        Assert.Equal("s3cret", Assert.Single(Receiver.Requests).Header(name));
    }

    [Fact]
    public async Task Where_names_clash_whatever_their_case_ours_win_then_the_credentials_then_the_first_custom_one()
    {
        var credential = new ResolvedCredential(IsReadable: true, new CredentialHeader("x-shared", "credential"));
        var claim = AClaim(Receiver.Url) with
        {
            CredentialUuid = Guid.CreateVersion7(),
            CustomHeaders = """
                [{"key":"X-SHARED","value":"custom"},{"key":"USER-AGENT","value":"curl"},{"key":"x-dograh-delivery-attempt","value":"99"},
                 {"key":"content-type","value":"text/xml"},{"key":"X-Own","value":"first"},{"key":"x-own","value":"second"}]
                """,
        };

        await NewSender().SendAsync(claim, credential, Token);

        var request = Assert.Single(Receiver.Requests);
        Assert.Equal("credential", request.Header("X-Shared"));
        Assert.Equal("Dograh-Webhooks/0.1.0", request.Header("User-Agent"));
        Assert.Equal("1", request.Header("X-Dograh-Delivery-Attempt"));
        Assert.Equal("application/json", request.Header("Content-Type"));
        Assert.Equal("first", request.Header("X-Own"));
    }

    [Fact]
    public async Task A_credential_cannot_take_a_header_of_ours()
    {
        var credential = new ResolvedCredential(IsReadable: true, new CredentialHeader("user-agent", "s3cret"));

        await NewSender().SendAsync(AClaim(Receiver.Url) with { CredentialUuid = Guid.CreateVersion7() }, credential, Token);

        Assert.Equal("Dograh-Webhooks/0.1.0", Assert.Single(Receiver.Requests).Header("User-Agent"));
    }

    [Theory]
    [InlineData("Host", "evil.example")]
    [InlineData("Content-Length", "1")]
    [InlineData("Transfer-Encoding", "chunked")]
    [InlineData("Connection", "Upgrade")]
    [InlineData("TE", "trailers")]
    [InlineData("Trailer", "X-T")]
    [InlineData("Upgrade", "h2c")]
    [InlineData("Expect", "100-continue")]
    [InlineData("Proxy-Authorization", "Basic x")]
    [InlineData("webhook-signature", "v1,forged")]
    [InlineData("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    public async Task A_header_of_the_connection_or_of_ours_cannot_be_set(string name, string value)
    {
        await SendAsync(AClaim(Receiver.Url) with { CustomHeaders = $$"""[{"key":"{{name}}","value":"{{value}}"}]""" });

        Assert.NotEqual(value, Assert.Single(Receiver.Requests).Header(name));
    }

    [Theory]
    [InlineData("X Y", "v", "the custom header 'X Y' has a name that HTTP does not allow")]
    [InlineData("X-Bad:", "v", "the custom header 'X-Bad:' has a name that HTTP does not allow")]
    [InlineData("X-Bad", """v\r\nX-Evil: 1""", "the custom header 'X-Bad' has a value with a control character")]
    [InlineData("X-Bad", """v\u0000""", "the custom header 'X-Bad' has a value with a control character")]
    public async Task A_custom_header_that_HTTP_does_not_allow_makes_the_delivery_unsendable(string name, string value, string reason)
    {
        var result = await SendAsync(AClaim(Receiver.Url) with { CustomHeaders = $$"""[{"key":"{{name}}","value":"{{value}}"}]""" });

        Assert.Equal(new AttemptResult.Unsendable(reason), result);
        Assert.Empty(Receiver.Requests);
    }

    [Fact]
    public async Task The_reason_why_a_delivery_is_unsendable_can_always_be_stored()
    {
        var name = $"X\0Bad{new string('x', 3000)}";
        var headers = System.Text.Json.JsonSerializer.Serialize(new[] { new { key = name, value = "v" } });

        var reason = Assert.IsType<AttemptResult.Unsendable>(await SendAsync(AClaim(Receiver.Url) with { CustomHeaders = headers })).Reason;

        Assert.StartsWith("the custom header 'X\uFFFDBad", reason, StringComparison.Ordinal);
        Assert.InRange(reason.Length, 100, WebhookDelivery.MaxErrorLength);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""["X-Tenant: acme"]""")]
    [InlineData("""[{"key":"X-Tenant"}]""")]
    [InlineData("""[{"key":"X-Tenant","value":null}]""")]
    [InlineData("""[{"key":"X-Tenant","value":7}]""")]
    [InlineData("""[{"key":"X-\ud83c","value":"half a surrogate pair"}]""")]
    [InlineData("""[{"key":"X-Tenant","value":"\ud83c"}]""")]
    public async Task Custom_headers_that_cannot_be_read_make_the_delivery_unsendable(string headers)
    {
        Assert.Equal(
            new AttemptResult.Unsendable("the custom headers cannot be read"), await SendAsync(AClaim(Receiver.Url) with { CustomHeaders = headers }));
        Assert.Empty(Receiver.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GE T")]
    [InlineData("POST\r\nX-Evil: 1")]
    public async Task A_method_that_HTTP_does_not_allow_makes_the_delivery_unsendable(string method)
    {
        Assert.Equal(
            new AttemptResult.Unsendable("the method is not one that HTTP allows"), await SendAsync(AClaim(Receiver.Url) with { HttpMethod = method }));
        Assert.Empty(Receiver.Requests);
    }

    // Found by SmugglingTests: .NET takes CONNECT for a wish to have a tunnel.
    [Theory]
    [InlineData("CONNECT")]
    [InlineData("TRACE")]
    [InlineData("OPTIONS")]
    [InlineData("post")]
    public async Task A_method_that_no_webhook_has_makes_the_delivery_unsendable(string method)
    {
        Assert.Equal(
            new AttemptResult.Unsendable("the method is not one that a webhook may have"), await SendAsync(AClaim(Receiver.Url) with { HttpMethod = method }));
        Assert.Empty(Receiver.Requests);
    }

    // Whatever somebody's template makes of a URL, it must end somewhere, and not in a fault of ours that is tried for ever.
    [Theory]
    [InlineData("http://no_such_host.invalid/")]
    [InlineData("http://-.invalid/")]
    [InlineData("http://a..invalid/")]
    [InlineData("http://xn--a.invalid/")]
    [InlineData("http://xn--.invalid/")]
    [InlineData("https://ünïcode.invalid/")]
    [InlineData("https://☃.invalid/")]
    [InlineData("http://ex%61mple.invalid/")]
    [InlineData("http://127.0.0.1:0/")]
    [InlineData("http://127.0.0.1.invalid/")]
    [InlineData("http://999.999.999.999/")]
    [InlineData("http://[::ffff:127.0.0.1%25lo]/")]
    [InlineData("http://{63}.invalid/")]
    [InlineData("http://{64}.invalid/")]
    [InlineData("http://{300}.invalid/")]
    [InlineData("http://no-such-host.invalid/{70000}")]
    [InlineData("http:///path")]
    [InlineData("http://")]
    [InlineData("http://.")]
    [InlineData("https:no-slashes.invalid")]
    public async Task A_strange_URL_is_an_attempt_or_unsendable_and_nothing_else(string url)
    {
        url = Regex.Replace(url, @"\{(?<count>\d+)\}", match => new string('x', int.Parse(match.Groups["count"].Value, System.Globalization.CultureInfo.InvariantCulture)), RegexOptions.None, TimeSpan.FromSeconds(1));

        var result = await SendAsync(AClaim() with { EndpointUrl = url });

        Assert.True(result is AttemptResult.Attempted { StatusCode: null } or AttemptResult.Unsendable, $"{result}");
    }

    [Theory]
    [InlineData("not a url", "the endpoint URL is not an absolute URL")]
    [InlineData("/relative", "the endpoint URL is not an absolute URL")]
    [InlineData("//\u202e", "the endpoint URL is not an absolute URL")] // found by fuzzing: .NET threw
    [InlineData("ftp://crm.example/x", "only http and https URLs can be sent to")]
    [InlineData("file:///etc/passwd", "the endpoint URL is not an absolute URL")]
    [InlineData("file://host/etc/passwd", "only http and https URLs can be sent to")]
    [InlineData("http://user:password@crm.example/", "a URL must not hold a user name or password; use a credential")]
    public async Task A_URL_that_cannot_be_asked_makes_the_delivery_unsendable(string url, string reason)
    {
        Assert.Equal(new AttemptResult.Unsendable(reason), await SendAsync(AClaim() with { EndpointUrl = url }));
    }

    [Fact]
    public async Task A_credential_that_is_gone_makes_the_delivery_unsendable_and_nothing_is_sent()
    {
        var uuid = Guid.CreateVersion7();

        var result = await SendAsync(AClaim(Receiver.Url) with { CredentialUuid = uuid });

        Assert.Equal(new AttemptResult.Unsendable($"credential {uuid:D} not found"), result);
        Assert.Empty(Receiver.Requests);
    }

    [Fact]
    public async Task A_credential_that_cannot_be_read_just_now_releases_the_claim_and_nothing_is_sent()
    {
        var unreadable = new ResolvedCredential(IsReadable: false, Header: null);

        var result = await NewSender().SendAsync(AClaim(Receiver.Url) with { CredentialUuid = Guid.CreateVersion7() }, unreadable, Token);

        Assert.IsType<AttemptResult.Released>(result);
        Assert.Empty(Receiver.Requests);
    }

    [Fact]
    public async Task A_credential_that_sends_nothing_sends_nothing()
    {
        var none = new ResolvedCredential(IsReadable: true, Header: null);

        await NewSender().SendAsync(AClaim(Receiver.Url) with { CredentialUuid = Guid.CreateVersion7() }, none, Token);

        Assert.Null(Assert.Single(Receiver.Requests).Header("Authorization"));
    }

    [Fact]
    public async Task The_trace_goes_on_in_the_receiver()
    {
        using var activity = new Activity("attempt").SetIdFormat(ActivityIdFormat.W3C).Start();

        await SendAsync(AClaim(Receiver.Url));

        Assert.Matches(new Regex($"^00-{activity.TraceId}-[0-9a-f]{{16}}-0[01]$", RegexOptions.None, TimeSpan.FromSeconds(1)), Receiver.Requests[0].Header("traceparent"));
    }

    [Fact]
    public async Task Cookies_are_not_kept()
    {
        Receiver.Answers(Reply.Ok.With("Set-Cookie", "session=1; Path=/"));
        var sender = NewSender();

        await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);
        await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);

        Assert.All(Receiver.Requests, request => Assert.Null(request.Header("Cookie")));
    }

    private async Task<string> RequestLineAsync(string pathAndQuery)
    {
        await using var receiver = RawReceiver.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        var attempt = await AttemptAsync(AClaim() with { EndpointUrl = $"http://{receiver.Url.Authority}{pathAndQuery}" });

        Assert.Equal((200, null), (attempt.StatusCode, attempt.Error));
        return receiver.Head.Split("\r\n")[0];
    }

    private static SortedDictionary<string, string> Untraced(ReceivedRequest request) => new(
        request.Headers.Where(header => !OfTracing.Contains(header.Key, StringComparer.OrdinalIgnoreCase)).ToDictionary(),
        StringComparer.OrdinalIgnoreCase);
}
