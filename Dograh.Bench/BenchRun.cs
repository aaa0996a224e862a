using System.Diagnostics;
using Dograh.Bench.Measuring;
using Dograh.Bench.Micro;
using Dograh.Bench.Reports;
using Dograh.Bench.Scenarios;
using Dograh.Bench.Soak;
using Dograh.Bench.Stack;
using Dograh.Standalone;
using Spectre.Console;

namespace Dograh.Bench;

/// <summary>One run of the program, from the first line to the reports.</summary>
internal static class BenchRun
{
    private const int Failed = 1;
    private const int Interrupted = 130;

    /// <returns>The exit code: 0 if everything was measured that this machine can measure.</returns>
    public static async Task<int> RunAsync(BenchSettings settings, CancellationToken stop)
    {
        var console = TerminalReport.OfConsole();
        try
        {
            var startedAt = TimeProvider.System.GetUtcNow();
            var started = Stopwatch.GetTimestamp();
            var (results, versions) = await MeasureAsync(settings, console, stop);
            if (results.Count > 0)
            {
                var report = new BenchReport
                {
                    StartedAt = startedAt,
                    Minutes = Stopwatch.GetElapsedTime(started).TotalMinutes,
                    Machine = ThisMachine.Read(),
                    Versions = versions,
                    Settings = Describe(settings),
                    Scenarios = results,
                };
                report = report with { Targets = TargetList.Evaluate(report) };
                TerminalReport.WriteTargets(console, report.Targets);
                foreach (var file in await ReportFiles.WriteAsync(report, settings.Output)) console.WriteLine($"Wrote {file}");
            }

            // BenchmarkDotNet knows no token: when asked to stop we leave it behind, and it ends with this process.
            var microSucceeded = !settings.Scenarios.Contains(ScenarioList.Micro)
                || await Task.Run(() => MicroRun.Run(settings.Output, settings.Size.Quick), stop).WaitAsync(stop);
            var soaked = !settings.Scenarios.Contains(ScenarioList.Soak) || await SoakRun.RunAsync(settings, console, stop);
            return microSucceeded && soaked && !results.SelectMany(result => result.Sides).Any(side => side.Failed) ? 0 : Failed;
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // Whatever broke first: everything that was started is being stopped.
            await Console.Error.WriteLineAsync("Stopped.");
            return Interrupted;
        }
        catch (Exception e) when (e is StandaloneException or BenchException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"error: {e.Message}");
            return Failed;
        }
    }

    private static async Task<(List<ScenarioResult> Results, Dictionary<string, string> Versions)> MeasureAsync(
        BenchSettings settings, IAnsiConsole console, CancellationToken stop)
    {
        var results = new List<ScenarioResult>();
        var versions = new Dictionary<string, string>();
        var names = settings.Scenarios.Where(ScenarioList.IsMeasuredInTurns).ToList();
        if (names.Count > 0)
        {
            console.WriteLine("Starting PostgreSQL, Redis, the receiver and the API …");
            await using var stack = await BenchStack.StartAsync(settings.Environment, stop);
            versions = await ThisMachine.ReadVersionsAsync(stack);
            foreach (var name in names)
            {
                var result = await new Turns(console, settings.Size, stop).RunAsync(ScenarioList.Create(name, stack, settings.Size), stack.StopWorkersAsync);
                results.Add(result);
                TerminalReport.Write(console, result);
            }

            console.WriteLine("Stopping …");
        }

        return (results, versions);
    }

    private static Dictionary<string, string> Describe(BenchSettings settings)
    {
        var described = new Dictionary<string, string>
        {
            ["scenarios"] = string.Join(", ", settings.Scenarios),
            ["deliveries"] = $"{settings.Size.Deliveries:#,0}",
            ["rounds"] = $"{settings.Size.Rounds}",
            ["payload"] = $"{SampleRun.Payload().Length} bytes",
            ["PostgreSQL"] = "fsync=on, synchronous_commit=on, " + string.Join(", ", BenchPostgres.Settings.Select(setting => $"{setting.Key}={setting.Value}")),
        };
        if (settings.Scenarios.Contains("backlog")) described["history"] = $"{settings.Size.History:#,0} finished deliveries";
        if (settings.Size.Quick) described["quick"] = "a smoke test: the numbers mean nothing";
        foreach (var (name, value) in settings.Environment) described[name] = value ?? "";
        return described;
    }
}
