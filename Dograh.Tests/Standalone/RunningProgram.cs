using System.Diagnostics;
using System.Text;
using Dograh.Standalone;

namespace Dograh.Tests.Standalone;

/// <summary>Dograh.Standalone in a process of its own, with its output collected.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly StringBuilder output = new();
    private readonly Process process;

    private RunningProgram(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Exited = process.WaitForExitAsync(CancellationToken.None);
    }

    public string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    public Task Exited { get; }

    public static RunningProgram Start(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(StackLayout.DotnetHost, ["exec", StackLayout.StandaloneAssembly, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        return new RunningProgram(Process.Start(start)!);
    }

    public async Task WaitForAsync(string text, TimeSpan limit)
    {
        await Poll.UntilAsync(
            _ => Task.FromResult(Exited.IsCompleted || Output.Contains(text, StringComparison.Ordinal)), limit, TestContext.Current.CancellationToken);
        Assert.Contains(text, Output, StringComparison.Ordinal);
    }

    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync(UnixSignal signal)
    {
        UnixCalls.Signal(process.Id, signal);
        await Exited.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        return process.ExitCode;
    }

    public void Kill() => process.Kill();

    public async ValueTask DisposeAsync()
    {
        if (!Exited.IsCompleted)
        {
            UnixCalls.Signal(process.Id, UnixSignal.Terminate);
            if (!await Poll.FinishedAsync(Exited, TimeSpan.FromSeconds(60)))
            {
                process.Kill();
            }
        }

        process.Dispose();
    }

    private void Add(string? line)
    {
        if (line is not null)
        {
            lock (output)
            {
                output.Append(line).Append('\n');
            }
        }
    }
}
