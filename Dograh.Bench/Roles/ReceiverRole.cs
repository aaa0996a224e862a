using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using Dograh.Bench.Measuring;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Dograh.Bench.Roles;

/// <summary>The receiver of every side, in a process of its own: reads the body, counts, answers 200.</summary>
/// <remarks>
/// <c>/hook</c> does nothing else. <c>/timed</c> also looks for <c>"sent_at":</c> in the body, a monotonic timestamp that all processes of one machine
/// share, and keeps how long ago that was. <c>/faulty</c> refuses the first attempt of 5 % of the deliveries with a 500 and leaves 1 % without
/// an answer, each by its id, so that every round has the same. <c>/dead</c> never answers. <c>/count</c>, <c>/wait</c>, <c>/latencies</c> and <c>/reset</c> are the
/// benchmark's own: it is told once a count is reached, for asking again and again would take from what is measured.
/// </remarks>
internal static class ReceiverRole
{
    private const string DeliveryIdHeader = "X-Dograh-Delivery-Id";
    private const int RefusedPerThousand = 50;
    private const int HungPerThousand = 10;

    private static readonly ConcurrentBag<double> Latencies = [];
    private static readonly ConcurrentDictionary<Guid, byte> Faulted = [];
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private static TaskCompletionSource _reached = new();
    private static long _awaited = long.MaxValue;
    private static long _count;

    public static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ListenLocalhost(port);
        });
        await using var app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync();
        await Role.OrphanedAsync();
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/hook":
                await DrainAsync(context.Request.BodyReader);
                Count();
                break;
            case "/timed":
                await TimeAsync(context.Request.BodyReader);
                Count();
                break;
            case "/dead":
                await HangAsync(context);
                break;
            case "/faulty":
                await DrainAsync(context.Request.BodyReader);
                await FaultAsync(context);
                break;
            case "/count":
                await context.Response.WriteAsync(Interlocked.Read(ref _count).ToString(CultureInfo.InvariantCulture));
                break;
            case "/wait":
                await WaitAsync(long.Parse(context.Request.Query["count"]!, CultureInfo.InvariantCulture));
                goto case "/count";
            case "/latencies":
                await context.Response.WriteAsync(JsonSerializer.Serialize(LatencySummary.Of([.. Latencies])));
                break;
            case "/reset":
                Interlocked.Exchange(ref _count, 0);
                Latencies.Clear();
                Faulted.Clear();
                break;
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                break;
        }
    }

    private static void Count()
    {
        if (Interlocked.Increment(ref _count) >= Volatile.Read(ref _awaited)) Volatile.Read(ref _reached).TrySetResult();
    }

    // One waits at a time.
    private static async Task WaitAsync(long count)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _reached, reached);
        Volatile.Write(ref _awaited, count);
        if (Interlocked.Read(ref _count) >= count) reached.TrySetResult();
        await reached.Task.WaitAsync(LongestWait, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Volatile.Write(ref _awaited, long.MaxValue);
    }

    private static async Task DrainAsync(PipeReader body)
    {
        while (true)
        {
            var read = await body.ReadAsync();
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return;
        }
    }

    private static async Task TimeAsync(PipeReader body)
    {
        var now = Stopwatch.GetTimestamp();
        while (true)
        {
            var read = await body.ReadAsync();
            if (read.IsCompleted)
            {
                if (FindSentAt(read.Buffer) is { } sentAt) Latencies.Add(Stopwatch.GetElapsedTime(sentAt, now).TotalMilliseconds);
                body.AdvanceTo(read.Buffer.End);
                return;
            }

            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static long? FindSentAt(ReadOnlySequence<byte> body)
    {
        var bytes = body.IsSingleSegment ? body.FirstSpan : body.ToArray();
        var at = bytes.IndexOf("\"sent_at\":"u8);
        if (at < 0) return null;
        var digits = bytes[(at + 10)..].TrimStart("\" "u8);
        return Utf8Parser.TryParse(digits, out long value, out _) ? value : null;
    }

    private static Task HangAsync(HttpContext context) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
        .ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private static async Task FaultAsync(HttpContext context)
    {
        if (Guid.TryParse(context.Request.Headers[DeliveryIdHeader], out var id) && Faulted.TryAdd(id, 0))
        {
            var share = (uint)id.GetHashCode() % 1000;
            if (share < RefusedPerThousand)
            {
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                return;
            }

            if (share < RefusedPerThousand + HungPerThousand)
            {
                await HangAsync(context);
                return;
            }
        }

        Count();
    }
}
