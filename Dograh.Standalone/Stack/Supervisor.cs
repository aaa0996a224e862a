using System.Diagnostics;

namespace Dograh.Standalone;

/// <summary>Starts parts of the stack again when they end without having been asked to.</summary>
internal sealed class Supervisor(Terminal terminal, CancellationToken stop)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>A part that has lived this long is forgiven its earlier failures.</summary>
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(30);

    /// <summary>Without setsid, Ctrl+C reaches children too, and one may end before our own handler has run.</summary>
    private static readonly TimeSpan BenefitOfDoubt = TimeSpan.FromSeconds(0.25);

    private readonly List<Task> _watches = [];

    /// <summary>Watches a part until the stop.</summary>
    public void Watch(ISupervised part) => _watches.Add(WatchAsync(part));

    /// <summary>Completes when no part will be started again any more, after the stop.</summary>
    public Task StoppedAsync() => Task.WhenAll(_watches);

    private async Task WatchAsync(ISupervised part)
    {
        var failures = 0;
        try
        {
            while (true)
            {
                var begin = Stopwatch.StartNew();
                var exitCode = await part.Exited.WaitAsync(stop);
                var lived = begin.Elapsed;
                await Task.Delay(BenefitOfDoubt, TimeProvider.System, stop);
                failures = lived > Healthy ? 1 : failures + 1;
                var pause = TimeSpan.FromSeconds(Math.Min(FirstPause.TotalSeconds * Math.Pow(2, failures - 1), LongestPause.TotalSeconds));
                terminal.Warn($"{part.Name} (process {part.ProcessId}) {ChildProcess.Describe(exitCode)}; starting it again in {Terminal.Seconds(pause)} (log: {part.LogFile})");
                await Task.Delay(pause, TimeProvider.System, stop);
                await RestartAsync(part);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // We are stopping; the rest is done in order by the stack.
        }
    }

    private async Task RestartAsync(ISupervised part)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            await part.RestartAsync(stop);
            terminal.Done(part.Name, $"runs again, as process {part.ProcessId}", watch.Elapsed);
        }
        catch (StandaloneException e)
        {
            terminal.Warn(e.Message);
        }
    }
}
