using System.Runtime.InteropServices;

namespace Dograh.Bench.Roles;

/// <summary>Sleeps for less than the millisecond that .NET's timers are coarse, without spinning on a core that the measured need.</summary>
internal static partial class FineSleep
{
    /// <summary>Blocks the thread for about that long; where the system has no usleep(3), only gives up its turn.</summary>
    public static void For(TimeSpan time)
    {
        if (OperatingSystem.IsLinux()) _ = Sleep((uint)Math.Clamp(time.TotalMicroseconds, 1, 900_000));
        else Thread.Yield();
    }

    [LibraryImport("libc", EntryPoint = "usleep")]
    private static partial int Sleep(uint microseconds);
}
