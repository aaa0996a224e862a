using Dograh.Standalone;

namespace Dograh.Chaos.Stack;

/// <summary>Stops a process where it stands (SIGSTOP), as a machine does that is paused or swaps; and lets it go on (SIGCONT).</summary>
internal static class FrozenProcess
{
    // The two numbers that are not the same everywhere.
    private static readonly UnixSignal Stop = (UnixSignal)(OperatingSystem.IsLinux() ? 19 : 17);
    private static readonly UnixSignal Continue = (UnixSignal)(OperatingSystem.IsLinux() ? 18 : 19);

    /// <summary>Stops it.</summary>
    public static void Freeze(int processId) => UnixCalls.Signal(processId, Stop);

    /// <summary>Lets it go on.</summary>
    public static void Thaw(int processId) => UnixCalls.Signal(processId, Continue);
}
