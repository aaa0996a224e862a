using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Dograh.Bench.Measuring;

namespace Dograh.Bench.Roles;

/// <summary>What the load's sender is to do.</summary>
internal sealed record LoadOrder
{
    /// <summary>Where each request is posted to.</summary>
    public required string Url { get; init; }

    /// <summary>The body; <c>@SENT_AT@</c> in it becomes the timestamp at which it was due to be sent, <c>@KEY@</c> a text that no other request has.</summary>
    public required string Body { get; init; }

    /// <summary>Whether each request has an <c>Idempotency-Key</c> of its own.</summary>
    public bool HasIdempotencyKey { get; init; }

    /// <summary>The API key; null to send none.</summary>
    public string? Key { get; init; }

    /// <summary>The status that counts as success.</summary>
    public int Expected { get; init; } = 200;

    /// <summary>Whether each request has the headers that a delivery has, so that both ends have as much to write and to read.</summary>
    public bool AsDelivery { get; init; }

    /// <summary>How many requests are sent before the clock starts.</summary>
    public int WarmUp { get; init; }

    /// <summary>How many requests are sent and counted.</summary>
    public int Count { get; init; }

    /// <summary>How many are under way at a time, each on its connection.</summary>
    public int Concurrency { get; init; } = 64;

    /// <summary>Requests a second, sent by the clock whatever the answers do; 0 for as fast as answers come.</summary>
    public double PerSecond { get; init; }
}

/// <summary>What came of it.</summary>
/// <param name="Count">How many were answered as expected.</param>
/// <param name="Refused">How many were not.</param>
/// <param name="Seconds">From the first counted request to the last answer.</param>
/// <param name="Latency">From the instant at which a request was due to be sent to its answer.</param>
internal sealed record LoadResult(long Count, long Refused, double Seconds, LatencySummary? Latency);

/// <summary>Sends requests with a plain <see cref="HttpClient"/>, in a process of its own, and prints a <see cref="LoadResult"/>.</summary>
internal static class LoadRole
{
    /// <summary>What it says once the requests before the clock have been answered.</summary>
    public const string Warm = "warm";

    private const string SentAt = "@SENT_AT@";
    private const string UniqueKey = "@KEY@";

    public static async Task RunAsync()
    {
        var order = JsonSerializer.Deserialize<LoadOrder>(await Console.In.ReadLineAsync() ?? "")!;
        var request = new Request(order);
        using var client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxConnectionsPerServer = order.PerSecond > 0 ? int.MaxValue : order.Concurrency,
            UseCookies = false,
            UseProxy = false,
        });
        if (order.Key is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", order.Key);

        await SendAllAsync(client, order, request, order.WarmUp);
        Console.WriteLine(Warm);
        await Console.In.ReadLineAsync();
        var result = order.PerSecond > 0 ? await SendByTheClockAsync(client, order, request) : await SendAllAsync(client, order, request, order.Count);
        Console.WriteLine(JsonSerializer.Serialize(result));
        // What this process used is read while it is still there.
        await Console.In.ReadLineAsync();
    }

    private static async Task<LoadResult> SendAllAsync(HttpClient client, LoadOrder order, Request request, int count)
    {
        var latencies = new double[count];
        var (next, refused) = (-1, 0);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Math.Min(order.Concurrency, count)).Select(_ => Task.Run(async () =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < count;)
            {
                var dueAt = Stopwatch.GetTimestamp();
                if (!await SendAsync(client, request, dueAt)) Interlocked.Increment(ref refused);
                latencies[i] = Stopwatch.GetElapsedTime(dueAt).TotalMilliseconds;
            }
        })));
        return new LoadResult(count - refused, refused, Stopwatch.GetElapsedTime(started).TotalSeconds, LatencySummary.Of(latencies));
    }

    // Open loop: a request that is late because the one before it was slow counts from when it was due, not from when it was sent.
    private static async Task<LoadResult> SendByTheClockAsync(HttpClient client, LoadOrder order, Request request)
    {
        var latencies = new double[order.Count];
        var refused = 0;
        var pending = new Task[order.Count];
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < order.Count; i++)
        {
            var dueAt = started + (long)(i / order.PerSecond * Stopwatch.Frequency);
            while (Stopwatch.GetTimestamp() is var now && now < dueAt) FineSleep.For(Stopwatch.GetElapsedTime(now, dueAt));

            var index = i;
            pending[i] = Task.Run(async () =>
            {
                if (!await SendAsync(client, request, dueAt)) Interlocked.Increment(ref refused);
                latencies[index] = Stopwatch.GetElapsedTime(dueAt).TotalMilliseconds;
            });
        }

        await Task.WhenAll(pending);
        return new LoadResult(order.Count - refused, refused, Stopwatch.GetElapsedTime(started).TotalSeconds, LatencySummary.Of(latencies));
    }

    private static async Task<bool> SendAsync(HttpClient client, Request request, long dueAt)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, request.Url) { Content = new ByteArrayContent(request.Body(dueAt)) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (request.HasIdempotencyKey) message.Headers.TryAddWithoutValidation("Idempotency-Key", NewKey());
        if (request.AsDelivery)
        {
            message.Headers.TryAddWithoutValidation("User-Agent", "Dograh-Webhooks/0.1.0");
            message.Headers.TryAddWithoutValidation("X-Dograh-Delivery-Id", Guid.CreateVersion7().ToString("D"));
            message.Headers.TryAddWithoutValidation("X-Dograh-Workflow-Run-Id", "1234567");
            message.Headers.TryAddWithoutValidation("X-Dograh-Delivery-Attempt", "1");
            message.Headers.TryAddWithoutValidation("traceparent", $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-00");
        }

        using var response = await client.SendAsync(message);
        return (int)response.StatusCode == request.Expected;
    }

    private static string NewKey() => Guid.CreateVersion7().ToString("N");

    /// <summary>What every request has in common, made once.</summary>
    private sealed class Request(LoadOrder order)
    {
        private readonly string[] _parts = order.Body.Split(SentAt);
        private readonly byte[] _whole = Encoding.UTF8.GetBytes(order.Body);
        private readonly bool _isUnique = order.Body.Contains(UniqueKey, StringComparison.Ordinal);

        public Uri Url { get; } = new(order.Url);

        public int Expected { get; } = order.Expected;

        public bool AsDelivery { get; } = order.AsDelivery;

        public bool HasIdempotencyKey { get; } = order.HasIdempotencyKey;

        public byte[] Body(long dueAt) => _parts.Length == 1 && !_isUnique
            ? _whole
            : Encoding.UTF8.GetBytes(string.Join($"{dueAt}", _parts).Replace(UniqueKey, NewKey(), StringComparison.Ordinal));
    }
}
