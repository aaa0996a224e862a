using System.Runtime.InteropServices;

namespace Dograh.Bench.Measuring;

/// <summary>What has been written and is not on the disk yet.</summary>
internal static partial class PageCache
{
    /// <summary>Blocks until all of it is on the disk; where the system has no sync(2), does nothing.</summary>
    public static void Flush()
    {
        if (OperatingSystem.IsLinux()) Sync();
    }

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void Sync();
}
