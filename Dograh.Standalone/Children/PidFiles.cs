using System.Diagnostics;
using System.Globalization;

namespace Dograh.Standalone;

/// <summary>
/// Remembers a child on disk, so that the next start can stop what a killed one left behind.
/// </summary>
/// <remarks>
/// A process id alone would not do: after a reboot, and in a container at every start, it belongs to somebody else. With the
/// time the process began it is unique, give or take the clock's accuracy.
/// </remarks>
internal static class PidFiles
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>Writes down a child that has just been started.</summary>
    public static void Write(string path, int processId)
    {
        if (BeginOf(processId) is { } begin)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $"{processId}\n{begin:O}\n"));
        }
    }

    /// <summary>Stops the child that the file tells of, if it still runs, and removes the file.</summary>
    /// <returns>Whether there was one.</returns>
    public static async Task<bool> StopLeftoverAsync(string path, CancellationToken cancellationToken)
    {
        var found = Read(path) is var (processId, begin)
            && BeginOf(processId) is { } actual
            && (actual - begin).Duration() < ClockTolerance;
        if (found)
        {
            await StopAsync(Read(path)!.Value.ProcessId, UnixSignal.Terminate, cancellationToken);
        }

        File.Delete(path);
        return found;
    }

    /// <summary>Stops a process that is not our child.</summary>
    public static async Task StopAsync(int processId, UnixSignal signal, CancellationToken cancellationToken)
    {
        Send(processId, signal);
        if (!await Poll.UntilAsync(_ => Task.FromResult(!IsAlive(processId)), Grace, cancellationToken))
        {
            Send(processId, UnixSignal.Kill);
            await Poll.UntilAsync(_ => Task.FromResult(!IsAlive(processId)), Grace, cancellationToken);
        }
    }

    /// <summary>Whether the process runs. One that has ended and waits for its parent to notice does not.</summary>
    public static bool IsAlive(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return !IsZombie(processId) && !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static (int ProcessId, DateTime Begin)? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var lines = File.ReadAllLines(path);
        return lines.Length >= 2
            && int.TryParse(lines[0], CultureInfo.InvariantCulture, out var processId)
            && DateTime.TryParse(lines[1], CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var begin)
            ? (processId, begin)
            : null;
    }

    private static DateTime? BeginOf(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return process.StartTime.ToUniversalTime();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null; // it has ended, or is somebody's whom we may not look at
        }
    }

    /// <summary>The state is the field after the program's name, which stands in parentheses and may hold anything: <c>12 (sh) Z 1 …</c>.</summary>
    private static bool IsZombie(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            return stat[(stat.LastIndexOf(')') + 1)..].TrimStart().StartsWith('Z');
        }
        catch (IOException)
        {
            return false; // not Linux, or gone
        }
    }

    private static void Send(int processId, UnixSignal signal)
    {
        if (!OperatingSystem.IsWindows())
        {
            UnixCalls.Signal(processId, signal);
            return;
        }

        try
        {
            using var process = Process.GetProcessById(processId);
            process.Kill();
        }
        catch (ArgumentException)
        {
            // It has ended in the meantime.
        }
    }
}
