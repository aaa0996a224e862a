using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CsCheck;
using Dograh.Tests.Faults;
using Dograh.Tests.Support;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Rendering;
using Dograh.Webhooks.Sending;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Sending;

/// <summary>Whatever a row's method, URL and headers hold, a receiver reads one well-formed request with just these bytes, or none.</summary>
public sealed partial class SmugglingTests(TestServers servers) : SenderTest(servers)
{
    private static readonly string[] Ours =
    [
        "Host", "Content-Length", "Content-Type", "User-Agent", "webhook-id", "webhook-timestamp", "webhook-signature",
        "X-Dograh-Delivery-Id", "X-Dograh-Workflow-Run-Id", "X-Dograh-Delivery-Attempt", "traceparent", "tracestate",
    ];

    // Those among which a parser may see the end of something. U+010D and U+010A are CR and LF to whoever drops their upper byte.
    private static readonly Gen<string> Wild = Gen.OneOf(
        Gen.OneOf(
            "\r", "\n", "\r\n", "\0", " ", "\t", ":", "\r\n ", "\r\n\t", "\v", "\f", "\u001f", "\u007f", "\u0085", "\u00a0", "\u010d\u010a", "\u2028", "\u2029", "\ufeff", "%0d%0a", "%00", "\\r\\n", "\"", ",", ";", "(", "{",
            "\u560a\u560d", "é", "č", "🎉", "a", "X-A", "chunked", "0\r\n\r\n", "GET /inside HTTP/1.1\r\nHost: inside\r\n\r\n", "\r\nTransfer-Encoding: chunked", " HTTP/1.1", "HTTP/0.9"),
        Gen.Char.AlphaNumeric.Select(c => c.ToString()));

    private static readonly Gen<string> WildText = Wild.Array[0, 6].Select(string.Concat);

    private static readonly Gen<string> Name = Gen.Frequency(
        (4, Gen.Char.AlphaNumeric.Array[1, 12].Select(letters => "X-" + new string(letters))),
        (3, Gen.OneOf(
            "Host", "host", "HOST ", " Host", "Host:", "Content-Length", "content-length", "Content-Length ", "Transfer-Encoding", "Transfer-Encoding\t", "transfer_encoding", "TE", "Trailer", "Connection", "Upgrade",
            "Expect", "Keep-Alive", "Proxy-Connection", "Via", "Content-Type", "Content-Encoding", "Content-Location", "Expires", "Last-Modified", "Allow", "Date", "Accept", "Range", "If-Match", "Referer", "From",
            "Forwarded", "X-Forwarded-Host", "X-HTTP-Method-Override", "Cookie", "Authorization", "Max-Forwards", "Cache-Control", "Pragma", "Warning", "Origin", ":authority", ":method", "HTTP2-Settings", "Sec-WebSocket-Key", "")),
        (2, WildText),
        (1, Gen.Select(Gen.OneOf("X-", "Content-", "Host"), WildText, (begin, end) => begin + end)));

    private static readonly Gen<string> Value = Gen.Frequency((2, WildText), (1, Gen.String), (1, Gen.OneOf("1", "chunked", "close", "100-continue", "inside.example", " padded ", "")));

    private static readonly Gen<string> Method = Gen.Frequency((6, Gen.OneOf("POST", "PUT", "PATCH", "GET", "DELETE")), (1, WildText), (1, Gen.OneOf("CONNECT", "TRACE", "get", "P\u00d6ST", "POST /x HTTP/1.1")));

    private static readonly Gen<string> UrlRest = Gen.OneOf(WildText.Select(text => "/" + text), WildText.Select(text => "/hook?" + text), WildText.Select(text => "/#" + text), Gen.OneOf("/..//../%2e%2e/", "//inside.example/", "/a%2Fb", "/\\x", "?", ""));

    private sealed record Case(string Method, string UrlRest, (string Name, string Value)[] Headers, (string Name, string Value)? Credential);

    private static readonly Gen<Case> Cases = Gen.Select(
        Method, UrlRest, Gen.Select(Name, Value).Array[0, 4], Gen.Select(Name, Value).Select(header => ((string, string)?)header), Gen.Bool,
        (method, rest, headers, credential, has) => new Case(method, rest, headers, has ? credential : null));

    [Fact]
    public async Task Whatever_a_delivery_holds_it_makes_one_request_of_its_own_or_none()
    {
        var connections = new ConcurrentQueue<byte[]>();
        await using var receiver = FaultyReceiver.Doing(async caller =>
        {
            var head = await caller.ReadHeadAsync();
            var length = LengthOf().Match(head) is { Success: true } match ? int.Parse(match.Groups["length"].Value, null) : 0;
            var body = new List<byte>();
            while (body.Count < length && await caller.ReadSomeAsync() is { Length: > 0 } some) body.AddRange(some);
            await caller.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            // Whatever else was written would be another request.
            connections.Enqueue([.. Encoding.Latin1.GetBytes(head), .. body, .. await caller.ReadToEndAsync()]);
        });
        var sender = NewSender();
        var (sent, refused) = (0, 0);

        await Cases.SampleAsync(async it =>
        {
            var claim = AClaim(receiver.Url) with
            {
                EndpointUrl = $"http://{receiver.Url.Authority}{it.UrlRest}",
                HttpMethod = it.Method,
                CustomHeaders = JsonSerializer.Serialize(it.Headers.Select(header => new { key = header.Name, value = header.Value })),
                CredentialUuid = it.Credential is null ? null : Guid.CreateVersion7(),
            };
            var credential = it.Credential is { } header ? new ResolvedCredential(IsReadable: true, new CredentialHeader(header.Name, header.Value)) : null;

            var result = await sender.SendAsync(claim, credential, Token).Soon();

            if (result is AttemptResult.Unsendable)
            {
                refused++;
                Assert.Empty(connections);
                return;
            }

            Assert.Equal(200, Assert.IsType<AttemptResult.Attempted>(result).StatusCode);
            byte[]? bytes = null;
            await Eventually.TrueAsync(() => connections.TryDequeue(out bytes));
            AssertIsOnly(claim, it, bytes!);
            sent++;
        }, time: 6, threads: 1, print: it => JsonSerializer.Serialize(new { it.Method, it.UrlRest, Headers = it.Headers.Select(h => $"{h.Name}={h.Value}"), Credential = it.Credential?.ToString() }));

        // Both happen often, or the test shows nothing.
        Assert.True(sent > 50 && refused > 50, $"{sent} were sent and {refused} refused");
    }

    private static void AssertIsOnly(ClaimedDelivery claim, Case it, byte[] bytes)
    {
        var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        var lines = Encoding.UTF8.GetString(bytes, 0, end).Split("\r\n");
        var url = new Uri(claim.EndpointUrl);
        Assert.Equal($"{HttpMethod.Parse(it.Method)} {(WrittenInUrlCharacters().IsMatch(it.UrlRest) ? it.UrlRest : url.PathAndQuery)} HTTP/1.1", lines[0]);
        Assert.Matches(RequestLine(), lines[0]);
        Assert.Equal(WebhookRequest.HasBody(it.Method) ? claim.Payload : [], bytes[(end + 4)..]);

        var received = lines.Skip(1).Select(line => HeaderLine().Match(line)).ToList();
        Assert.All(received, line => Assert.True(line.Success));
        var headers = received.ToDictionary(line => line.Groups["name"].Value, line => line.Groups["value"].Value, StringComparer.OrdinalIgnoreCase);
        Assert.Equal(url.Authority, headers["Host"]);
        if (WebhookRequest.HasBody(it.Method)) Assert.Equal($"{claim.Payload.Length}", headers["Content-Length"]);
        else Assert.Equal("0", headers.GetValueOrDefault("Content-Length", "0"));

        // Every other one was asked for, and says what was asked for.
        var asked = (it.Credential is { } credential ? [credential, .. it.Headers] : it.Headers).Where(header => !ReservedHeaders.Contains(header.Name))
            .DistinctBy(header => header.Name, StringComparer.OrdinalIgnoreCase).ToList();
        Assert.All(asked, header => Assert.True(CustomHeaders.IsLegalName(header.Name)));
        foreach (var (name, value) in headers.ExceptBy(Ours, header => header.Key, StringComparer.OrdinalIgnoreCase))
        {
            Assert.Equal(Assert.Single(asked, header => string.Equals(header.Name, name, StringComparison.OrdinalIgnoreCase)).Value.Trim(' ', '\t'), value.Trim(' ', '\t'));
        }
    }

    [GeneratedRegex(@"^[!#$%&'*+.^_`|~0-9A-Za-z-]+ /[\x21-\x7e]* HTTP/1\.1$", RegexOptions.None, 1000)]
    private static partial Regex RequestLine();

    [GeneratedRegex(@"^/([A-Za-z0-9._~:/?@!$&'()*+,;=\[\]-]|%[0-9A-Fa-f]{2})*\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex WrittenInUrlCharacters();

    [GeneratedRegex(@"^(?<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+): (?<value>[^\p{Cc}]*(\t[^\p{Cc}]*)*)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HeaderLine();

    [GeneratedRegex(@"\r\nContent-Length: (?<length>\d+)\r\n", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LengthOf();
}
