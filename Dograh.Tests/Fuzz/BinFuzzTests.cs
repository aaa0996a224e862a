using System.Net.Sockets;
using System.Text;
using CsCheck;
using Dograh.Tests.Api;
using Dograh.Tests.Support;

namespace Dograh.Tests.Fuzz;

/// <summary>Whatever bytes are sent to a bin, by whomever, it answers as it was told or refuses them, and what it recorded can be read.</summary>
public sealed class BinFuzzTests(TestServers servers)
{
    private static readonly Gen<string> Header = Gen.Frequency(
        (5, Gen.Select(
            Gen.OneOf(
                "Authorization", "Cookie", "webhook-id", "webhook-timestamp", "webhook-signature", "X-Dograh-Delivery-Attempt", "Content-Type", "Content-Encoding", "Expect", "User-Agent", "X-A", "Accept", "Via",
                "Idempotency-Key", "X-Dograh-Organization", "X-HTTP-Method-Override", "Upgrade", "Sec-WebSocket-Key", "Range", "If-None-Match"),
            Gen.OneOf(Gen.OneOf("1", "-1", "99999999999999999999", "v1,AAAA", "v1,AAAA v1a,AAAA v2,", "v1", "00000000-0000-0000-0000-000000000001", "application/json", "gzip", "100-continue", "websocket", "bytes=0-"), Hostile.Text),
            (name, value) => $"{name}: {value}\r\n")),
        (1, Gen.OneOf(": x\r\n", "X-A\r\n", " folded\r\n", "X A: b\r\n", "X-A : b\r\n", "X-A: \0\r\n", "__proto__: x\r\n", "X-A: b\n", "$type: x\r\n")));

    private static readonly Gen<string> Target = Gen.OneOf(
        Gen.OneOf("", "/", "/a/b", "/%2e%2e/%2e%2e/api/v1/workflows", "/a%2fb", "/%ff", "/%ed%a0%80", "/%c0%80", "?", "?a=b", "?%", "?%00", "?a=%ff&a=", "//", "/..", "/../../api", "#x", "/a b", "/é"), Hostile.Text.Select(text => "/" + Uri.EscapeDataString(text)),
        Hostile.Text.Select(text => "?" + text));

    private static readonly Gen<byte[]> Body = Hostile.Bytes(Gen.OneOf(Gen.OneOf("", "{}", "a\0b", "\ufeff{}"), Hostile.Text));

    [Fact]
    public async Task Whatever_is_sent_is_answered_and_whatever_is_recorded_can_be_read()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Bins:RequestsPerMinute", 0));
        var acme = await api.NewOrganizationAsync();
        var bin = (await acme.PostAsync("bins", new { name = "mine" })).Is(201).Text("id");

        var requests =
            from method in Gen.OneOf("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE", "post", "A-B", new string('M', 100))
            from target in Target
            from headers in Header.Array[0, 4].Select(string.Concat)
            from body in Body
            from isChunked in Gen.Int[0, 4].Select(n => n == 0)
            select (Head: $"{method} /bin/{bin}{target} HTTP/1.1\r\nHost: {api.Address.Authority}\r\nConnection: close\r\n{headers}{(isChunked ? "Transfer-Encoding: chunked" : $"Content-Length: {body.Length}")}\r\n\r\n", Body: body, isChunked);

        await requests.FuzzAsync(15, async request =>
        {
            byte[] bytes = request.isChunked
                ? [.. Encoding.UTF8.GetBytes(request.Head), .. Encoding.ASCII.GetBytes($"{request.Body.Length:x}\r\n"), .. request.Body, .. (request.Body.Length > 0 ? "\r\n0\r\n\r\n"u8 : "\r\n"u8)]
                : [.. Encoding.UTF8.GetBytes(request.Head), .. request.Body];

            var status = await SendAsync(api.Address, bytes);

            // 505: a line break and a space in the target make what follows the space the version.
            Assert.True(status is (>= 200 and < 500) or 505, $"{status}");
            (await acme.GetAsync($"bins/{bin}/requests?limit=1")).Is(200);
        }, request => $"{request.Head}\n{Convert.ToHexString(request.Body)}");

        Assert.NotEqual(0, (await acme.GetAsync($"bins/{bin}")).Is(200).Number("received"));
        for (string? cursor = ""; cursor is not null;)
        {
            var page = (await acme.GetAsync($"bins/{bin}/requests?limit=200&cursor={cursor}")).Is(200);
            cursor = page.At("next_cursor").GetString();
        }
    }

    // The status of the last answer: "100 Continue" may come before it.
    private static async Task<int> SendAsync(Uri api, byte[] bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(api.Host, api.Port, TestContext.Current.CancellationToken);
        var answer = new MemoryStream();
        try
        {
            await client.GetStream().WriteAsync(bytes, TestContext.Current.CancellationToken);
            await client.GetStream().CopyToAsync(answer, TestContext.Current.CancellationToken);
        }
        catch (IOException) when (answer.Length > 0)
        {
            // It has said what it had to, and hung up on the rest.
        }

        return Encoding.Latin1.GetString(answer.ToArray()).Split('\n').Where(line => line.StartsWith("HTTP/1.1 ", StringComparison.Ordinal)).Select(line => int.Parse(line.AsSpan(9, 3))).Last();
    }
}
