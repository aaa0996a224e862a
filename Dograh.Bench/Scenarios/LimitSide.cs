using System.Text.Json;
using Dograh.Bench.Measuring;
using Dograh.Bench.Roles;
using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>The physical limit: the same payload from a plain <c>HttpClient</c> to the same receiver, 64 at a time.</summary>
internal static class LimitSide
{
    public static Side Of(BenchStack stack, BenchSize size) => new("limit", async () =>
    {
        await using var load = RoleProcess.Start("load");
        await load.TellAsync(JsonSerializer.Serialize(new LoadOrder
        {
            Url = new Uri(stack.ReceiverUrl, "/hook").ToString(),
            Body = SampleRun.Payload().Replace("@SENT_AT@", "0", StringComparison.Ordinal),
            WarmUp = size.WarmUp,
            Count = size.Deliveries,
        }));
        await load.HearAsync();
        var meter = await Meter.StartAsync(new Dictionary<string, int> { ["load"] = load.Id, ["receiver"] = stack.Processes()["receiver"] }, database: null);
        await load.TellAsync("go");
        var result = await load.HearAsync<LoadResult>();
        var (processes, _) = await meter.StopAsync();
        return new Sample { Count = result.Count, Seconds = result.Seconds, Latency = result.Latency, Processes = processes };
    });
}
