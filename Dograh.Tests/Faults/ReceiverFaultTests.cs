using System.Diagnostics;
using System.IO.Compression;
using System.Security.Cryptography;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Faults;

/// <summary>Receivers that misbehave below HTTP, against a whole worker with a single slot.</summary>
/// <remarks>
/// Whatever one does: it is recorded as the design says, after one request, by its deadline; the connection is given up; and the
/// slot goes to the next delivery, to a receiver that is well.
/// </remarks>
public sealed class ReceiverFaultTests(TestServers servers) : WorkerTest(servers)
{
    private const double Deadline = 0.5;
    private const string Ok = "HTTP/1.1 200 OK\r\n";
    private const string Empty = "Content-Length: 0\r\n\r\n";

    // More than two sockets' buffers hold, so that sending it waits for somebody to read it.
    private static readonly string LargePayload = $"\"{new string('x', 12 * 1024 * 1024)}\"";
    private static readonly byte[] Bomb = Compress(32 * 1024 * 1024);

    // Far more than a deadline, for machines that others use too; far less than for ever, which is how long these receivers take.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private static readonly Dictionary<string, Fault> Faults = new()
    {
        // No response.
        ["it never answers"] = Transient(caller => caller.HoldAsync()),
        ["it hangs within the headers"] = Transient(async caller =>
        {
            await caller.SendAsync(Ok + "X-Begun: a");
            await caller.HoldAsync();
        }),
        ["it drips its headers"] = Transient(caller => caller.DripAsync(Ok + "X-Dripping: aaaaaa")),
        ["it resets before it has read the request"] = new Fault(null, AttemptOutcome.TransientFailure, Run: caller =>
        {
            caller.Reset();
            return Task.CompletedTask;
        }),
        ["it resets in place of an answer"] = Resets(""),
        ["it resets within the status line"] = Resets("HTTP/1.1 20"),
        ["it resets after the status line"] = Resets(Ok),
        ["it resets within the headers"] = Resets(Ok + "Content-Len"),
        ["it closes its side without an answer"] = Transient(async caller =>
        {
            caller.CloseSend();
            await caller.HoldAsync();
        }),
        ["it closes its side within the headers"] = Transient(async caller =>
        {
            await caller.SendAsync(Ok + "Content-Len");
            caller.CloseSend();
            await caller.HoldAsync();
        }),
        ["it sends 100 Continue without end"] = Transient(caller => caller.FloodAsync("HTTP/1.1 100 Continue\r\n\r\n")),
        ["it sends early hints without end"] = Transient(caller => caller.FloodAsync("HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")),
        ["it sends headers without end"] = Transient(async caller =>
        {
            await caller.SendAsync(Ok);
            await caller.FloodAsync("X-Header: value\r\n");
        }),
        ["it sends one header without end"] = Transient(async caller =>
        {
            await caller.SendAsync(Ok + "X-Header: ");
            await caller.FloodAsync("value ");
        }),
        ["it sends noise"] = Transient(caller => caller.FloodAsync(RandomNumberGenerator.GetBytes(4096))),
        ["it answers in HTTP/2"] = Transient(caller => caller.SendAsync("\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64")),
        ["it hangs in the TLS handshake"] = new Fault(null, AttemptOutcome.TransientFailure, IsTls: true, Run: caller => caller.HoldAsync()),
        ["it resets in the TLS handshake"] = new Fault(null, AttemptOutcome.TransientFailure, IsTls: true, Run: async caller =>
        {
            await caller.SendAsync("\x16\x03\x03");
            caller.Reset();
        }),
        ["it answers the TLS handshake with noise"] = new Fault(
            null, AttemptOutcome.TransientFailure, IsTls: true, Run: caller => caller.FloodAsync(RandomNumberGenerator.GetBytes(4096))),

        // A status line that is not a 2xx.
        ["a 500 whose body hangs"] = Answers(500, "HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\n", caller => caller.HoldAsync()),
        ["a 404 whose body drips"] = Answers(404, "HTTP/1.1 404 No\r\nContent-Length: 999999\r\n\r\n", caller => caller.DripAsync("nobody is here")),
        ["a redirect without end"] = Answers(302, "HTTP/1.1 302 Away\r\nLocation: http://127.0.0.1:1/\r\n\r\n", caller => caller.FloodAsync("away ")),
        ["it switches protocols"] = Answers(101, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", caller => caller.HoldAsync()),
        ["it switches protocols and talks"] = Answers(101, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", caller => caller.FloodAsync("x")),
        ["a 413 before the body is read, and it hangs up"] = new Fault(413, AttemptOutcome.PermanentFailure, IsLarge: true, Run: async caller =>
        {
            await caller.ReadHeadAsync();
            await caller.SendAsync("HTTP/1.1 413 Too Large\r\nConnection: close\r\n" + Empty);
        }),

        // A 2xx: whatever comes afterwards, the delivery has arrived.
        ["a 200 whose body hangs"] = Answers(200, Ok + "Content-Length: 9\r\n\r\nbe", caller => caller.HoldAsync()),
        ["a 200 whose body drips"] = Answers(200, Ok + "\r\n", caller => caller.DripAsync("a byte at a time")),
        ["a 200 whose body has no end"] = Answers(200, Ok + "\r\n", caller => caller.FloodAsync("more ")),
        ["a 200 with a chunk without end"] = Answers(200, Ok + "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", caller => caller.FloodAsync("more ")),
        ["a 200 whose chunk's extension has no end"] = Answers(200, Ok + "Transfer-Encoding: chunked\r\n\r\n5;", caller => caller.FloodAsync("more=")),
        ["a 200 with trailers without end"] = Answers(200, Ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n", caller => caller.FloodAsync("X-Trailer: more\r\n")),
        ["a 200 that is a gzip bomb"] = Answers(200, Ok + "Content-Encoding: gzip\r\n\r\n", caller => caller.FloodAsync(Bomb)),
        ["a 200 that is reset in its body"] = Answers(200, Ok + "Content-Length: 1000\r\n\r\nbegun", ResetAsync),
        ["a 200 that is reset at its end"] = Answers(200, Ok + Empty, ResetAsync),
        ["a 200 shorter than it says"] = Answers(200, Ok + "Content-Length: 1000\r\n\r\nbegun", _ => Task.CompletedTask),
        ["a 200 longer than it says"] = Answers(200, Ok + "Content-Length: 2\r\n\r\nokok", caller => caller.HoldAsync()),
        ["a 200 with two lengths"] = Answers(200, Ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", caller => caller.HoldAsync()),
        ["a 200 with a negative length"] = Answers(200, Ok + "Content-Length: -2\r\n\r\nok", caller => caller.HoldAsync()),
        ["a 200 after a thousand early hints"] = Answers(
            200, string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000)) + Ok + Empty, caller => caller.HoldAsync()),
        ["a 200 before the body is read"] = new Fault(200, AttemptOutcome.Succeeded, Run: async caller =>
        {
            await caller.ReadHeadAsync();
            await caller.SendAsync(Ok + Empty);
            await caller.HoldAsync();
        }),
        ["a 200 before a small body is read, and it hangs up"] = new Fault(200, AttemptOutcome.Succeeded, Run: async caller =>
        {
            await caller.ReadHeadAsync();
            await caller.SendAsync(Ok + Empty);
        }),
        ["a 200 before a body that is never read"] = new Fault(200, AttemptOutcome.Succeeded, IsLarge: true, Run: async caller =>
        {
            await caller.ReadHeadAsync();
            await caller.SendAsync(Ok + Empty);
            await caller.SleepAsync();
        }),
        ["a 200 before the body is read, and it hangs up"] = new Fault(200, AttemptOutcome.Succeeded, IsLarge: true, Run: async caller =>
        {
            await caller.ReadHeadAsync();
            await caller.SendAsync(Ok + Empty);
        }),
        ["a 100 Continue that nobody asked for, and a 200 when a large body is read"] = new Fault(200, AttemptOutcome.Succeeded, IsLarge: true, Run: async caller =>
        {
            await caller.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
            await caller.ReadRequestAsync();
            await caller.SendAsync(Ok + Empty);
            await caller.HoldAsync();
        }),
    };

    public static TheoryData<string> Names => [.. Faults.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_is_recorded_for_what_it_is_and_nobody_else_waits(string name)
    {
        var fault = Faults[name];
        await using var receiver = FaultyReceiver.Doing(fault.Run);
        await StartWorkerAsync(("WebhookDelivery:Concurrency", 1), ("WebhookDelivery:JitterRatio", 0));
        var delivery = ADelivery().To(fault.IsTls ? receiver.TlsUrl : receiver.Url).WithTimeout(fault.IsLarge ? 4 * Deadline : Deadline).WithBackoff(3600, 3600);
        var watch = Stopwatch.StartNew();

        var key = await Database.AddAsync(fault.IsLarge ? delivery.WithPayload(LargePayload) : delivery);
        await Eventually.TrueAsync(() => receiver.Connections > 0);
        var next = await Database.AddAsync(ADelivery().To(Receiver.Url));
        await UntilAsync(next, DeliveryStatus.Succeeded);

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, Soon);
        await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(key)).LeasedBy is null);
        var row = await Database.DeliveryAsync(key);
        var attempt = Assert.Single(await Database.AttemptsAsync(key));
        Assert.Equal((fault.Status, fault.StatusCode, fault.StatusCode), (row.Status, row.LastStatusCode, attempt.StatusCode));
        Assert.Equal((1, 1, 0), (row.AttemptCount, row.ClaimCount, row.LostClaims));
        Assert.Equal(fault.Outcome == AttemptOutcome.Succeeded, row.LastError is null);
        Assert.InRange(attempt.ResponseBody?.Length ?? 0, 0, 4096);
        // One attempt is one request on one connection, and nothing is left of it that a receiver could feed for ever.
        Assert.Equal(1, receiver.Connections);
        Assert.Single(Receiver.Requests);
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task A_receiver_that_answers_first_and_reads_a_large_body_afterwards_gets_all_of_it()
    {
        var read = new TaskCompletionSource();
        await using var receiver = FaultyReceiver.Doing(async caller =>
        {
            var head = await caller.ReadHeadAsync();
            await caller.SendAsync(Ok + Empty);
            await caller.ReadBodyAsync(head);
            read.SetResult();
        });
        await StartWorkerAsync();

        var key = await Database.AddAsync(ADelivery().To(receiver.Url).WithPayload(LargePayload).WithTimeout(60));
        await UntilAsync(key, DeliveryStatus.Succeeded);

        await read.Task.Soon();
    }

    private static Fault Transient(Func<FaultyConnection, Task> run) => new(null, AttemptOutcome.TransientFailure, Run: async caller =>
    {
        await caller.ReadRequestAsync();
        await run(caller);
    });

    private static Fault Resets(string after) => Transient(async caller =>
    {
        await caller.SendAsync(after);
        caller.Reset();
    });

    private static Fault Answers(int statusCode, string head, Func<FaultyConnection, Task> then) => new(statusCode, DeliveryTransitions.Classify(statusCode), Run: async caller =>
    {
        await caller.ReadRequestAsync();
        await caller.SendAsync(head);
        await then(caller);
    });

    private static Task ResetAsync(FaultyConnection caller)
    {
        caller.Reset();
        return Task.CompletedTask;
    }

    private static byte[] Compress(int zeros)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest)) gzip.Write(new byte[zeros]);
        return compressed.ToArray();
    }

    private sealed record Fault(int? StatusCode, AttemptOutcome Outcome, Func<FaultyConnection, Task> Run, bool IsTls = false, bool IsLarge = false)
    {
        // A transient failure waits for its backoff, pending.
        public DeliveryStatus Status => Outcome switch
        {
            AttemptOutcome.Succeeded => DeliveryStatus.Succeeded,
            AttemptOutcome.PermanentFailure => DeliveryStatus.DeadLetter,
            _ => DeliveryStatus.Pending,
        };
    }
}
