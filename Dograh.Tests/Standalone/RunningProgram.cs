using System.Diagnostics;
using System.Text;
using Dograh.Standalone;

namespace Dograh.Tests.Standalone;

/// <summary>Dograh.Standalone in a process of its own, with its output collected.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly StringBuilder _output = new();
    private readonly Process _process;

    private RunningProgram(Process process)
    {
        _process = process;
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
            lock (_output)
            {
                return _output.ToString();
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
        UnixCalls.Signal(_process.Id, signal);
        await Exited.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        if (!Exited.IsCompleted)
        {
            UnixCalls.Signal(_process.Id, UnixSignal.Terminate);
            if (!await Poll.FinishedAsync(Exited, TimeSpan.FromSeconds(60)))
            {
                _process.Kill();
            }
        }

        _process.Dispose();
    }

    private void Add(string? line)
    {
        if (line is not null)
        {
            lock (_output)
            {
                _output.Append(line).Append('\n');
            }
        }
    }
}
