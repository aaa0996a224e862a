using System.Collections.Concurrent;
using System.Diagnostics;

namespace Dograh.Standalone;

/// <summary>Starts children, so that they neither share our terminal's signals nor outlive us.</summary>
/// <remarks>
/// <para>
/// On Unix a child goes through <c>sh</c>, <c>setsid</c> and <c>setpriv</c>, each of which replaces itself by the next, so that the child has
/// the process id that we started. <c>sh</c> points its output to the log file: there is no pipe between us that would fill, or break when we die.
/// <c>setsid</c> takes it out of the terminal's foreground group: Ctrl+C reaches us alone, and we stop the children in order.
/// <c>setpriv --pdeathsig</c> has Linux signal it if we are killed. Where one of the two is missing (macOS), that protection is missing, and
/// the next start stops what was left behind.
/// </para>
/// <para>
/// "We", for Linux, is the <em>thread</em> that started the child, and threads of the pool come and go. So one thread, which lives
/// as long as this program, starts all of them.
/// </para>
/// </remarks>
internal static class ChildLauncher
{
    private static readonly BlockingCollection<(ProcessStartInfo Start, TaskCompletionSource<Process> Started)> Requests = [];

    private static readonly string? Setsid = OperatingSystem.IsWindows() ? null : Executables.Find("setsid");

    private static readonly Lazy<string?> SetprivWithDeathSignal = new(FindSetprivWithDeathSignal);

    static ChildLauncher() =>
        new Thread(StartRequested) { IsBackground = true, Name = "child launcher" }.Start();

    /// <summary>Starts a child.</summary>
    /// <exception cref="StandaloneException">The program could not be started.</exception>
    public static Task<Process> StartAsync(ChildCommand command)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Requests.Add((OperatingSystem.IsWindows() ? DirectStart(command) : ShellStart(command), started));
        return started.Task;
    }

    private static void StartRequested()
    {
        foreach (var (start, started) in Requests.GetConsumingEnumerable())
        {
            try
            {
                started.SetResult(Process.Start(start) ?? throw new StandaloneException($"{start.FileName} did not start."));
            }
            catch (Exception e)
            {
                // Whoever asked gets the fault; this thread must live on for the other children.
                started.SetException(e as StandaloneException ?? new StandaloneException($"{start.FileName} could not be started: {e.Message}", e));
            }
        }
    }

    private static ProcessStartInfo ShellStart(ChildCommand command)
    {
        var start = new ProcessStartInfo("/bin/sh")
        {
            UseShellExecute = false,
            WorkingDirectory = command.WorkingDirectory,

            // The shell replaces all three before anything is written. Without them .NET would think that the child uses
            // our terminal, and reconfigure it whenever one starts or ends.
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        IEnumerable<string> arguments =
        [
            "-c", "exec \"$@\" </dev/null >>\"$0\" 2>&1", command.LogFile,
            .. Setsid is null ? Enumerable.Empty<string>() : [Setsid],
            .. WithDeathSignal(command),
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        Add(command.Environment, start);
        return start;
    }

    private static IEnumerable<string> WithDeathSignal(ChildCommand command)
    {
        string[] plain = [command.Executable, .. command.Arguments];
        var inner = SetprivWithDeathSignal.Value is { } setpriv
            ? [setpriv, "--pdeathsig", command.StopSignal switch { UnixSignal.Interrupt => "INT", UnixSignal.Kill => "KILL", _ => "TERM" }, "--", .. plain]
            : plain;

        // Changing the user clears the death signal, so that comes first.
        return command.User is null ? inner : command.User.Wrap(inner);
    }

    /// <summary>Windows has no way around a pipe: <see cref="ChildProcess"/> copies it into the log file.</summary>
    private static ProcessStartInfo DirectStart(ChildCommand command)
    {
        var start = new ProcessStartInfo(command.Executable, command.Arguments)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = command.WorkingDirectory,
        };
        Add(command.Environment, start);
        return start;
    }

    private static void Add(IReadOnlyDictionary<string, string?> environment, ProcessStartInfo start)
    {
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
    }

    /// <summary>Older and smaller setpriv programs exist, which do not know the option.</summary>
    private static string? FindSetprivWithDeathSignal()
    {
        if (!OperatingSystem.IsLinux() || Executables.Find("setpriv") is not { } setpriv)
        {
            return null;
        }

        using var trial = Process.Start(new ProcessStartInfo(setpriv, ["--pdeathsig", "TERM", "--", "true"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        });
        trial?.WaitForExit();
        return trial?.ExitCode == 0 ? setpriv : null;
    }
}
