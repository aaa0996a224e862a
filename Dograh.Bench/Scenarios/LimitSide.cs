using Dograh.Bench.Measuring;
using Dograh.Bench.Roles;
using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>The physical limit: the same request from a plain <c>HttpClient</c> to the same receiver, 64 at a time.</summary>
internal static class LimitSide
{
    public const string Name = "limit";

    public static Scenario CreateScenario(BenchStack stack, BenchSize size) => new(
        "limit", "the same payload from a plain HttpClient to the same receiver, 64 at a time", [Of(stack, size)])
    {
        Columns = [MetricNames.PerSecond, MetricNames.P50, MetricNames.P99, MetricNames.CpuPerThousand, MetricNames.PeakRssOf("load")],
    };

    /// <summary>The side that other scenarios are held against.</summary>
    public static Side Of(BenchStack stack, BenchSize size) => new(Name, async () =>
    {
        var order = new LoadOrder
        {
            Url = new Uri(stack.Receiver.Url, "/hook").ToString(),
            Body = SampleRun.Payload().Replace("@SENT_AT@", "0", StringComparison.Ordinal),
            AsDelivery = true,
            WarmUp = size.WarmUp,
            Count = size.Deliveries,
        };
        await using var load = await LoadProcess.StartAsync(order, stack.Stop);
        var meter = await Meter.StartAsync(new() { ["load"] = load.Id, ["receiver"] = stack.ReceiverProcessId }, database: null);
        var result = await load.RunAsync();
        var (processes, _) = await meter.StopAsync();
        return new Sample { Count = result.Count, Seconds = result.Seconds, Latency = result.Latency, Processes = processes };
    });
}
