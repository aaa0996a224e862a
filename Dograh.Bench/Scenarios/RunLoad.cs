using Dograh.Bench.Roles;
using Dograh.Bench.Stack;

namespace Dograh.Bench.Scenarios;

/// <summary>The load of completed runs that several scenarios send to the API.</summary>
internal static class RunLoad
{
    public const int RunsPerBatch = 100;

    /// <summary>Enough to keep the API busy; more would only wait in it, and their answers be held against it.</summary>
    public const int BatchConcurrency = 16;

    private const int Accepted = 202;
    private const int MultiStatus = 207;

    /// <summary>How many runs a request brings.</summary>
    public static int RunsIn(bool batch) => batch ? RunsPerBatch : 1;

    /// <summary>An order for so many runs, and before the clock starts as many as keep compilers at work; <paramref name="keyed"/>: each run has an idempotency key.</summary>
    public static LoadOrder Order(BenchStack stack, BenchSize size, long workflow, int runs, bool batch, bool keyed = false)
    {
        var requests = Math.Max(BatchConcurrency, runs / RunsIn(batch));
        return new LoadOrder
        {
            Url = stack.CompletedRunsUrl(workflow, batch),
            Body = (batch ? SampleRun.Batch(RunsPerBatch, keyed) : SampleRun.Run()).Replace("@SENT_AT@", "0", StringComparison.Ordinal),
            HasIdempotencyKey = keyed && !batch,
            Key = stack.ApiKey,
            Expected = batch ? MultiStatus : Accepted,
            WarmUp = Math.Max(requests, size.WarmUp / RunsIn(batch)),
            Count = requests,
            Concurrency = batch ? BatchConcurrency : 64,
        };
    }
}
