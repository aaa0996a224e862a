using System.Diagnostics;

namespace Dograh.Standalone;

/// <summary>A running child: its id, its end, and the two ways to bring that about.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;

    private ChildProcess(Process process, string logFile)
    {
        _process = process;
        if (OperatingSystem.IsWindows())
        {
            CopyOutputTo(logFile);
        }

        Id = process.Id;
        Exited = WaitAsync();
    }

    /// <summary>The process id. It stays the same while the child lives, and may be another's afterwards.</summary>
    public int Id { get; }

    /// <summary>Completes when the child has ended, with its exit code (128 + the signal if a signal ended it).</summary>
    public Task<int> Exited { get; }

    /// <summary>Starts a child.</summary>
    /// <exception cref="StandaloneException">The program could not be started.</exception>
    public static async Task<ChildProcess> StartAsync(ChildCommand command) =>
        new(await ChildLauncher.StartAsync(command), command.LogFile);

    /// <summary>Ends it at once, with nothing tidied (SIGKILL).</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It ended by itself in the meantime.
        }
    }

    /// <summary>Asks it to stop, and kills it if it has not within the time.</summary>
    /// <returns>False if it had to be killed.</returns>
    public async Task<bool> StopAsync(UnixSignal signal, TimeSpan grace)
    {
        if (Exited.IsCompleted)
        {
            return true;
        }

        if (OperatingSystem.IsWindows())
        {
            // A console program without a window cannot be asked; the services survive a kill by design.
            _ = _process.CloseMainWindow();
            grace = TimeSpan.Zero;
        }
        else
        {
            UnixCalls.Signal(Id, signal);
        }

        if (await Poll.FinishedAsync(Exited, grace))
        {
            return true;
        }

        Kill();
        await Exited;
        return false;
    }

    /// <summary>Says in words how it ended.</summary>
    public static string Describe(int exitCode) => exitCode switch
    {
        128 + 9 => "was killed",
        > 128 and < 160 when !OperatingSystem.IsWindows() => $"was ended by signal {exitCode - 128}",
        _ => $"ended with exit code {exitCode}",
    };

    public void Dispose() => _process.Dispose();

    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    private void CopyOutputTo(string logFile)
    {
        var log = TextWriter.Synchronized(new StreamWriter(logFile, append: true) { AutoFlush = true });
        _process.OutputDataReceived += (_, line) => log.WriteLine(line.Data);
        _process.ErrorDataReceived += (_, line) => log.WriteLine(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }
}
