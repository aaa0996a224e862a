using System.Globalization;

namespace Dograh.Bench.Measuring;

/// <summary>What a process and its children have used of the machine, as Linux tells in <c>/proc</c>.</summary>
/// <param name="CpuSeconds">Processor time, user and system.</param>
/// <param name="PeakRssBytes">The largest resident memory of the process itself since its peak was last reset.</param>
internal readonly record struct ProcessUse(double CpuSeconds, long PeakRssBytes)
{
    /// <summary>The processor time since an earlier look; the peak is the later one's.</summary>
    public ProcessUse Since(ProcessUse before) => new(CpuSeconds - before.CpuSeconds, PeakRssBytes);
}

/// <summary>Reads <see cref="ProcessUse"/>.</summary>
internal static class ProcessMeter
{
    // USER_HZ: what /proc counts in, on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>Whether this system tells; elsewhere nothing is read, and reports say so by leaving it out.</summary>
    public static bool IsSupported { get; } = Directory.Exists("/proc/self");

    /// <summary>Reads what the process and all that it started have used.</summary>
    public static ProcessUse Read(int processId)
    {
        if (!IsSupported) return default;
        var ticks = ReadTicks(processId, withReaped: true);
        foreach (var child in Children(processId)) ticks += ReadTicks(child, withReaped: true);
        return new ProcessUse(ticks / TicksPerSecond, ReadPeakRss(processId));
    }

    /// <summary>Forgets the peak, so that the next one read is the peak from now on.</summary>
    public static void ResetPeak(int processId)
    {
        try
        {
            File.WriteAllText($"/proc/{processId}/clear_refs", "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's process: its peak stays that since its start.
        }
    }

    private static IEnumerable<int> Children(int parent)
    {
        try
        {
            return File.ReadAllText($"/proc/{parent}/task/{parent}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(id => int.Parse(id, CultureInfo.InvariantCulture)).ToList();
        }
        catch (IOException)
        {
            return [];
        }
    }

    // pid (command) state ppid … utime stime cutime cstime: fields 14 to 17; the command may hold spaces and brackets.
    private static double ReadTicks(int processId, bool withReaped)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return Enumerable.Range(11, withReaped ? 4 : 2).Sum(i => double.Parse(fields[i], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static long ReadPeakRss(int processId)
    {
        try
        {
            var line = File.ReadLines($"/proc/{processId}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
