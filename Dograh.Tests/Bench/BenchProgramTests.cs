using System.Diagnostics;
using Dograh.Bench;
using Dograh.Bench.Measuring;
using Dograh.Bench.Reports;
using Dograh.Standalone;
using Dograh.Tests.Standalone;

namespace Dograh.Tests.Bench;

/// <summary>The program as it is started: tiny, and with everything that it starts.</summary>
public sealed class BenchProgramTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task A_quick_run_measures_reports_and_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        var output = folder.Below("results");

        var (exitCode, text) = await RunAsync(folder, "limit", "drain", "--quick", "--out", output);

        Assert.True(exitCode == 0, text);
        Assert.All(["results.json", "results.md", "results.svg"], file => Assert.Contains(Path.Combine(output, file), text, StringComparison.Ordinal));
        var report = JsonReport.Read(await File.ReadAllTextAsync(Path.Combine(output, "results.json"), TestContext.Current.CancellationToken));
        Assert.Equal(["limit/limit", "drain/limit", "drain/drain"], report.Scenarios.SelectMany(scenario => scenario.Sides.Select(side => $"{scenario.Name}/{side.Name}")));
        Assert.All(report.Scenarios.SelectMany(scenario => scenario.Sides), HasNumbers);
        Assert.True(report.Ratio("drain", "drain", "limit") > 0);
        Assert.Empty(Processes.Naming(folder.Path));
        Assert.Empty(Directory.EnumerateDirectories(folder.Path, "dograh-bench-*"));
    }

    private static void HasNumbers(SideResult side)
    {
        Assert.Null(side.NotMeasured);
        var round = Assert.Single(side.Rounds);
        Assert.All([(double)round.Count, round.Seconds, round.PerSecond], number => Assert.True(number > 0));
        Assert.All(round.Processes.Values, use => Assert.True(use.PeakRssBytes > 0));
        Assert.True(round.CpuSecondsPerThousand > 0);
        if (round.Latency is { } latency) Assert.True(latency.P50 > 0 && latency.Max >= latency.P99 && latency.P99 >= latency.P50, latency.ToString());
        if (side.Name != "drain") return;
        Assert.True(side.Metric(MetricNames.WalBytes)?.Median > 0);
        Assert.True(side.Metric(MetricNames.Statements)?.Median > 0);
        Assert.True(side.Metric(MetricNames.PeakRssOf("worker"))?.Median > 0);
    }

    // With a folder of its own for temporary files, so that what it leaves behind can be told from another's.
    private static async Task<(int ExitCode, string Text)> RunAsync(TemporaryFolder folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(StackLayout.DotnetHost, ["exec", typeof(BenchSize).Assembly.Location, .. arguments])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = folder.Path;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
            return (process.ExitCode, await output + await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }
}
