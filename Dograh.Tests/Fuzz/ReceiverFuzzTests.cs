using System.Text;
using System.Text.Json;
using CsCheck;
using Dograh.Tests.Faults;
using Dograh.Tests.Sending;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Fuzz;

/// <summary>Whatever a receiver answers, it is an attempt with an outcome, and what is kept of it can be stored.</summary>
public sealed class ReceiverFuzzTests(TestServers servers) : SenderTest(servers)
{
    private static readonly Gen<string> Status = Gen.Frequency(
        (4, Gen.Int[100, 599].Select(status => $"HTTP/1.1 {status} Said\r\n")),
        (1, Gen.OneOf("HTTP/1.0 200 OK\r\n", "HTTP/1.1 200\r\n", "HTTP/1.1 999 x\r\n", "HTTP/1.1 000 x\r\n", "HTTP/2 200\r\n", "HTTP/1.1  200 OK\r\n", "HTTP/1.1 -1 x\r\n", "http/1.1 200 ok\n", "ICY 200 OK\r\n", "", "\r\n\r\n", "HTTP/1.1 204 \u00e9\0\r\n")));

    private static readonly Gen<string> Header = Gen.Frequency(
        (4, Gen.Select(
            Gen.OneOf("Content-Length", "Transfer-Encoding", "Retry-After", "Date", "Location", "Set-Cookie", "Content-Type", "Content-Encoding", "Connection", "Upgrade", "Trailer", "WWW-Authenticate", "Alt-Svc", "X-A", "Keep-Alive", "Via", "Warning"),
            Gen.OneOf(Gen.OneOf("0", "5", "-1", "99999999999999999999", "chunked", "gzip", "identity", "close", "keep-alive", "Wed, 06 May 2026 12:00:00 GMT", "120", "1e3", "x; y=\"z", "clear", "password=s3cret"), Hostile.Text), (name, value) => $"{name}: {value}\r\n")),
        (1, Gen.OneOf(": x\r\n", "X-A\r\n", " folded\r\n", "X A: b\r\n", "X-A : b\r\n", "X-\0: b\r\n", "X-A: \0\r\n", "\n", "X-A: b\n", "X-A: b\rX-B: c\r\n")), (1, Hostile.Text));

    private static readonly Gen<string> Body = Gen.OneOf(
        Gen.OneOf("", "hello", "5\r\nhello\r\n0\r\n\r\n", "5\r\nhel", "ffffffffffffffffff\r\n", "-1\r\n", "5;x=\"y\r\nhello\r\n0\r\nX-T: u\r\n\r\n", "\u001f\u008b\b\0", "{\"password\": \"s3cret", "\0\0\0"), Hostile.Text);

    private static readonly Gen<byte[]> Answer = Gen.Select(
        Gen.Select(Status, Header.Array[0, 5].Select(string.Concat), Gen.OneOf("\r\n", "\r\n", "\r\n", "\n", ""), Body, (status, headers, end, body) => status + headers + end + body),
        Gen.Select(Gen.Double[0, 0.9999], Gen.Byte).Array[0, 3], Gen.Int[0, 3], Gen.Bool, (text, changes, rarely, latin) =>
        {
            var bytes = (latin ? Encoding.Latin1 : Encoding.UTF8).GetBytes(text);
            if (rarely == 0 && bytes.Length > 0)
            {
                foreach (var (at, to) in changes) bytes[(int)(at * bytes.Length)] = to;
            }

            return bytes;
        });

    [Fact]
    public async Task Whatever_a_receiver_answers_is_an_attempt_that_can_be_stored()
    {
        byte[] answer = [];
        await using var receiver = FaultyReceiver.Doing(async caller =>
        {
            await caller.ReadRequestAsync();
            await caller.SendAsync(Volatile.Read(ref answer));
        });
        // No circuit: most of what comes here is a failure.
        var sender = NewSender(new WebhookDeliveryOptions { CircuitMinimumAttempts = int.MaxValue });
        var claim = AClaim(receiver.Url);

        await Answer.FuzzAsync(15, async bytes =>
        {
            Volatile.Write(ref answer, bytes);
            var result = await sender.SendAsync(claim, credential: null, Token).Soon();
            // A receiver that asked to be left alone, the one before.
            for (; result is AttemptResult.Deferred deferred; result = await sender.SendAsync(claim, credential: null, Token).Soon()) Time.Advance(deferred.Delay + TimeSpan.FromSeconds(1));

            var attempt = Assert.IsType<AttemptResult.Attempted>(result);
            Assert.True(attempt.RetryAfter is null || attempt.RetryAfter >= TimeSpan.Zero);
            Assert.True(attempt.Error is null || attempt.Error.Length <= WebhookDelivery.MaxErrorLength);
            if (attempt.ResponseHeaders is not null) _ = JsonElement.Parse(attempt.ResponseHeaders);
            var stored = await Database.ScalarAsync<string>(
                "SELECT $1::text || $2::text || ($3::json)::text", attempt.Error ?? "", attempt.ResponseBody ?? "", attempt.ResponseHeaders ?? "{}");
            Assert.Equal(attempt.Error + attempt.ResponseBody + (attempt.ResponseHeaders ?? "{}"), stored);
        }, bytes => $"{Convert.ToHexString(bytes)}\n{Encoding.Latin1.GetString(bytes)}");
    }
}
