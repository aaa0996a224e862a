using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Dograh.Bench.Micro;

/// <summary>Runs the micro-benchmarks; their own reports go below the folder of the others.</summary>
internal static class MicroRun
{
    /// <returns>Whether all of them gave a result.</returns>
    public static bool Run(string output, bool quick)
    {
        // In this process: BenchmarkDotNet's own way is to build a project, which would have to know ours.
        var length = (quick ? Job.Dry : Job.ShortRun).WithToolchain(InProcessEmitToolchain.Instance);
        var config = ManualConfig.CreateEmpty()
            .AddJob(length)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddLogger(ConsoleLogger.Default)
            .AddExporter(MarkdownExporter.GitHub, JsonExporter.Brief)
            .WithArtifactsPath(Path.Combine(output, "micro"));
        // Of a debug build the numbers mean as little as those of a quick run.
        if (quick) config = config.WithOptions(ConfigOptions.DisableOptimizationsValidator);
        var summary = BenchmarkRunner.Run<MicroBenchmarks>(config);
        return !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success);
    }
}
