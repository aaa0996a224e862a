using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Dograh.Chaos.Faults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dograh.Chaos.Load;

/// <summary>Receivers that misbehave by chance, each in its way, and remember everything that they got.</summary>
/// <remarks>What a receiver has answered 2xx once it answers 2xx from then on, as one does that dedupes by the delivery's id.</remarks>
internal sealed class MoodyReceivers : IAsyncDisposable
{
    /// <summary>The moods, each a path and so an origin of its own.</summary>
    public static readonly IReadOnlyList<string> Moods = ["steady", "flaky", "throttling", "hanging", "picky", "resetting"];

    private readonly WebApplication _server;
    private readonly SeededChance _chance;
    private readonly ConcurrentDictionary<Guid, ConcurrentQueue<Receipt>> _receipts = new();
    private TaskCompletionSource<HeldRequest>? _hold;
    private long _received;

    private MoodyReceivers(WebApplication server, SeededChance chance)
    {
        _server = server;
        _chance = chance;
        server.Run(ReceiveAsync);
    }

    /// <summary>The receivers' URLs, in the order of <see cref="Moods"/>.</summary>
    public IReadOnlyList<Uri> Urls { get; private set; } = [];

    /// <summary>How many requests have come.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>What each delivery's requests were, in the order in which they came.</summary>
    public IReadOnlyDictionary<Guid, IReadOnlyList<Receipt>> Receipts =>
        _receipts.ToDictionary(receipts => receipts.Key, receipts => (IReadOnlyList<Receipt>)[.. receipts.Value]);

    public static async Task<MoodyReceivers> StartAsync(int seed, CancellationToken stop)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            foreach (var _ in Moods) kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        var receivers = new MoodyReceivers(builder.Build(), new SeededChance(seed, stream: 100));
        await receivers._server.StartAsync(stop);
        receivers.Urls = [.. receivers._server.Urls.Zip(Moods, (url, mood) => new Uri(new Uri(url), mood))];
        return receivers;
    }

    /// <summary>Holds the next request that comes, unanswered, until it is released.</summary>
    public Task<HeldRequest> HoldNextAsync()
    {
        var hold = new TaskCompletionSource<HeldRequest>(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _hold, hold);
        return hold.Task;
    }

    /// <summary>Holds nothing any more.</summary>
    public void HoldNone() => Volatile.Write(ref _hold, null);

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        try
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            var delivery = Guid.Parse(context.Request.Headers["X-Dograh-Delivery-Id"].ToString());
            var receipts = _receipts.GetOrAdd(delivery, _ => new ConcurrentQueue<Receipt>());
            var accepted = receipts.Any(earlier => earlier.IsAccepted);
            var receipt = new Receipt(int.Parse(context.Request.Headers["X-Dograh-Delivery-Attempt"].ToString()), Convert.ToHexString(SHA256.HashData(body.ToArray())));
            receipts.Enqueue(receipt);
            Interlocked.Increment(ref _received);
            if (Interlocked.Exchange(ref _hold, null) is { } hold)
            {
                var held = new HeldRequest(delivery);
                hold.SetResult(held);
                await held.Released.WaitAsync(context.RequestAborted);
            }

            await AnswerAsync(context, accepted ? "steady" : context.Request.Path.Value![1..], receipt);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The worker hung up, or is dead.
        }
    }

    private async Task AnswerAsync(HttpContext context, string mood, Receipt receipt)
    {
        var (chance, response) = (_chance.NextDouble(), context.Response);
        switch (mood)
        {
            case "flaky" when chance < 0.4:
                response.StatusCode = chance < 0.3 ? 500 : 503;
                return;
            case "throttling" when chance < 0.3:
                response.StatusCode = 429;
                response.Headers.RetryAfter = "1";
                return;
            case "hanging" when chance < 0.15:
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
                return;
            case "hanging" when chance < 0.6:
                await Task.Delay(TimeSpan.FromSeconds(chance), TimeProvider.System, context.RequestAborted);
                break;
            case "picky" when chance < 0.2:
                response.StatusCode = 400;
                return;
            case "resetting" when chance < 0.3:
                context.Abort();
                return;
            case "resetting" when chance < 0.5:
                // The status line has decided; the body never ends well.
                receipt.IsAccepted = true;
                response.ContentLength = 1000;
                await response.WriteAsync("not all of it", context.RequestAborted);
                await response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, context.RequestAborted);
                context.Abort();
                return;
        }

        receipt.IsAccepted = true;
        response.StatusCode = 200;
    }
}

/// <summary>A request as a receiver got it.</summary>
/// <param name="Attempt">The attempt's number that it carried.</param>
/// <param name="BodyHash">What its body was.</param>
internal sealed record Receipt(int Attempt, string BodyHash)
{
    /// <summary>Whether it was answered 2xx.</summary>
    public bool IsAccepted { get; set; }
}

/// <summary>A request that a receiver has and does not answer.</summary>
/// <param name="Delivery">Whose.</param>
internal sealed record HeldRequest(Guid Delivery)
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Released => _released.Task;

    /// <summary>Has it answered.</summary>
    public void Release() => _released.TrySetResult();
}
