using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dograh.Bench.Roles;
using Dograh.Bench.Stack;
using Spectre.Console;

namespace Dograh.Bench.Soak;

/// <summary>A steady load for as long as asked, and what every process and table holds meanwhile: whatever leaks grows.</summary>
/// <remarks>
/// Some first attempts fail or hang. Rows are kept for a few minutes, so that removing them is part of what is watched; since a worker looks for old rows as it
/// starts, the second of the two is replaced again and again, in good order.
/// </remarks>
internal static class SoakRun
{
    private const double TimeoutSeconds = 1;
    private const double BaseDelaySeconds = 1;
    private const double KeptMinutes = 4;

    // More than this between the second quarter and the last, and more than a few, is a leak.
    private const double MostGrowth = 1.2;
    private const double Few = 10;

    private static readonly TimeSpan Watch = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReplaceAfter = TimeSpan.FromMinutes(2);

    /// <summary>Runs it, and writes <c>soak.md</c>.</summary>
    /// <returns>Whether nothing grew.</returns>
    public static async Task<bool> RunAsync(BenchSettings settings, IAnsiConsole console, CancellationToken stop)
    {
        var kept = (KeptMinutes / TimeSpan.MinutesPerDay).ToString(CultureInfo.InvariantCulture);
        var environment = new Dictionary<string, string?>(settings.Environment) { ["RETENTION_DAYS"] = kept, ["RETENTION_DEAD_LETTER_DAYS"] = kept };
        console.WriteLine($"Soaking for {settings.Minutes} minutes at {settings.PerSecond} runs a second …");
        await using var stack = await BenchStack.StartAsync(environment, stop);
        var workflow = await stack.CreateWorkflowAsync("/faulty", TimeoutSeconds, BaseDelaySeconds);
        var worker = await stack.StartWorkerAsync();
        await stack.StartWorkerAsync();
        var order = new LoadOrder
        {
            Url = stack.CompletedRunsUrl(workflow),
            Body = SampleRun.Run().Replace("@SENT_AT@", "0", StringComparison.Ordinal),
            Key = stack.ApiKey,
            Expected = 202,
            WarmUp = (int)settings.PerSecond,
            Count = (int)(settings.PerSecond * 60 * settings.Minutes),
            PerSecond = settings.PerSecond,
        };
        await using var load = await LoadProcess.StartAsync(order, stop);
        var running = load.RunAsync();
        var watch = new SoakWatch(stack, worker);
        var looks = new List<SoakLook>();
        var (started, replaced) = (Stopwatch.GetTimestamp(), Stopwatch.GetTimestamp());
        console.WriteLine(SoakLook.Heading);
        while (!running.IsCompleted)
        {
            await Task.WhenAny(running, Task.Delay(Watch, TimeProvider.System, stop));
            stop.ThrowIfCancellationRequested();
            if (Stopwatch.GetElapsedTime(replaced) > ReplaceAfter)
            {
                await stack.ReplaceLastWorkerAsync();
                replaced = Stopwatch.GetTimestamp();
            }

            looks.Add(await watch.LookAsync(Stopwatch.GetElapsedTime(started), stop));
            console.WriteLine(looks[^1].ToRow());
        }

        var result = await running;
        await stack.Stored.WaitForNonePendingAsync();
        var grown = Grown(looks);
        await WriteAsync(settings, result, looks, grown, stop);
        console.WriteLine(grown.Count == 0 ? "Nothing grew." : $"Grew: {string.Join(", ", grown)}.");
        return grown.Count == 0;
    }

    private static List<string> Grown(List<SoakLook> looks)
    {
        var quarter = looks.Count / 4;
        if (quarter == 0) return [];
        var (before, after) = (looks.Skip(quarter).Take(quarter).ToList(), looks.TakeLast(quarter).ToList());
        return [.. SoakLook.Watched.Where(watched => after.Average(watched.Value) > Math.Max(before.Average(watched.Value) * MostGrowth, before.Average(watched.Value) + Few)).Select(watched => watched.Name)];
    }

    private static async Task WriteAsync(BenchSettings settings, LoadResult result, List<SoakLook> looks, List<string> grown, CancellationToken stop)
    {
        var text = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"{settings.Minutes} minutes at {settings.PerSecond} a second, {result.Count:#,0} runs taken in, p99 of the answer {result.Latency?.P99:0} ms, all ended.")
            .AppendLine(grown.Count == 0 ? "Nothing grew." : $"Grew: {string.Join(", ", grown)}.").AppendLine()
            .AppendLine(SoakLook.Heading).AppendLine(SoakLook.Rule);
        foreach (var look in looks) text.AppendLine(look.ToRow());
        Directory.CreateDirectory(settings.Output);
        await File.WriteAllTextAsync(Path.Combine(settings.Output, "soak.md"), text.ToString(), stop);
    }
}
