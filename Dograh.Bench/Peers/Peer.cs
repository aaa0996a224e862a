using System.Diagnostics;
using Dograh.Bench.Measuring;
using Dograh.Bench.Scenarios;
using Dograh.Bench.Stack;

namespace Dograh.Bench.Peers;

/// <summary>Another library doing the same: a process that adds payloads, and one that posts them to the same receiver.</summary>
internal sealed record Peer
{
    /// <summary>What the reports call it.</summary>
    public required string Name { get; init; }

    /// <summary>Makes its store empty, and starts what it needs besides the stack.</summary>
    public required Func<Task<PeerStore>> OpenAsync { get; init; }

    public required Func<RoleProcess> StartProducer { get; init; }

    public required Func<RoleProcess> StartWorker { get; init; }

    /// <summary>Deliveries that the worker has under way at a time.</summary>
    public required int Concurrency { get; init; }

    /// <summary>How many are added at once; 1 for one by one.</summary>
    public int Bulk { get; init; } = 1;

    /// <summary>Additions under way at a time.</summary>
    public required int InFlight { get; init; }

    /// <summary>How many are counted: some seconds' worth, for a peer may be a hundred times as slow as another.</summary>
    public required int Count { get; init; }

    /// <summary>How long it is warmed up at least: as long as it takes until it has come up to its rate.</summary>
    public TimeSpan WarmUp { get; init; }

    /// <summary>A second, by the clock; 0 for as fast as it can.</summary>
    public double PerSecond { get; init; }

    /// <summary>Its side of a scenario: from the first addition until all are recorded as finished.</summary>
    public Side ToSide(BenchStack stack) => new(Name, () => RunAsync(stack));

    private async Task<Sample> RunAsync(BenchStack stack)
    {
        await stack.ResetAsync();
        await using var store = await OpenAsync();
        var order = new PeerOrder
        {
            Url = new Uri(stack.Receiver.Url, PerSecond > 0 ? "/timed" : "/hook").ToString(),
            Payload = SampleRun.Payload(),
            Bulk = Bulk,
            InFlight = InFlight,
            Concurrency = Concurrency,
            RedisPort = store.RedisPort,
            ConnectionString = store.ConnectionString,
        };
        await using var worker = StartWorker();
        await worker.TellAsync(order, stack.Stop);
        await worker.ExpectAsync(PeerWords.Ready, stack.Stop);
        await using var producer = StartProducer();
        await producer.TellAsync(order, stack.Stop);
        await producer.ExpectAsync(PeerWords.Ready, stack.Stop);
        var warming = Stopwatch.GetTimestamp();
        do
        {
            await SendAsync(worker, producer, Count / 4, perSecond: 0, stack.Stop);
        }
        while (Stopwatch.GetElapsedTime(warming) < WarmUp);

        await stack.Receiver.ResetAsync(stack.Stop);

        var processes = new Dictionary<string, int>(store.Processes)
        {
            ["producer"] = producer.Id, ["worker"] = worker.Id, ["receiver"] = stack.ReceiverProcessId,
        };
        var meter = await Meter.StartAsync(processes, store.ConnectionString is null ? null : stack.DatabaseMeter);
        var started = Stopwatch.GetTimestamp();
        await SendAsync(worker, producer, Count, PerSecond, stack.Stop);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var (used, database) = await meter.StopAsync();
        var received = await stack.Receiver.CountAsync(stack.Stop);
        if (received < Count) throw new BenchException($"{Name} says that {Count} are done, and the receiver has got {received}.");
        var latency = PerSecond > 0 ? await stack.Receiver.LatenciesAsync(stack.Stop) : null;
        return new Sample { Count = Count, Seconds = seconds, Latency = latency, Processes = used, Database = database };
    }

    private static async Task SendAsync(RoleProcess worker, RoleProcess producer, int count, double perSecond, CancellationToken stop)
    {
        await worker.TellAsync($"expect {count}", stop);
        await producer.TellAsync(perSecond > 0 ? $"pace {count} {perSecond}" : $"send {count}", stop);
        await producer.ExpectAsync(PeerWords.Sent, stop);
        await worker.ExpectAsync(PeerWords.Done, stop);
    }
}
